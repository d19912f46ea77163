using System.Collections.Immutable;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Configuration.Detection;

/// <summary>
/// Backends that become one cluster: they speak the same paths and share models, or may turn out to. Within it each request goes to those that list its model.
/// </summary>
internal sealed class BackendGroup
{
    // Model servers people run themselves that speak OpenAI's paths. A cluster may mix them; Ollama's and hosted APIs' paths, probes and names differ.
    private const string OpenAiPaths = "openai-paths";

    private BackendGroup(IEnumerable<DetectedBackend> backends, IReadOnlyList<DetectedBackend> all)
    {
        Backends = [.. backends.OrderBy(all.ToList().IndexOf)];
        Models = [.. Backends.SelectMany(b => b.Models).Select(m => m.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var kinds = Backends.Where(b => b.IsKindKnown).Select(b => b.Kind).Distinct(StringComparer.Ordinal).ToArray();
        IsMixed = kinds.Length > 1;
        Kind = kinds switch
        {
            [var kind] => kind,
            [] when FamilyOf(Backends[0], all) == ModelServerKinds.Ollama => ModelServerKinds.Ollama,
            _ => ModelServerKinds.Generic,
        };
        var probes = kinds.Select(ModelServerPaths.Health).Distinct(StringComparer.Ordinal).ToArray();
        HealthPath = IsMixed && probes is [{ } probe] && probe != ModelServerPaths.Health(Kind) ? probe : null;
    }

    /// <summary>Kind of model server; <c>generic</c> when they are of several.</summary>
    public string Kind { get; }

    /// <summary>Whether they are of several kinds.</summary>
    public bool IsMixed { get; }

    /// <summary>Path all of them are probed on that is not the kind's own; null when it is.</summary>
    public string? HealthPath { get; }

    /// <summary>The members, in the order of the command line.</summary>
    public ImmutableArray<DetectedBackend> Backends { get; }

    /// <summary>Names of the models they list, sorted.</summary>
    public IReadOnlyList<string> Models { get; }

    /// <summary>How much it needs the requests for models nobody lists; 0 when all its members told theirs.</summary>
    public int NeedOfUnlisted => Backends.Max(static backend => backend switch
    {
        { IsTold: true } => 0,
        { Answer: DestinationAnswer.Unauthorized } => 1,
        { MayTellModels: true } => 2,

        // It serves, and no name will ever lead to it.
        _ => 3,
    });

    /// <summary>Groups in the order of their first backend on the command line.</summary>
    public static IReadOnlyList<BackendGroup> Of(ImmutableArray<DetectedBackend> backends)
    {
        var groups = new List<BackendGroup>();
        foreach (var family in backends.GroupBy(b => FamilyOf(b, backends), StringComparer.Ordinal))
        {
            var told = family.Where(static b => b.IsTold).ToArray();
            var expected = family.Where(static b => !b.IsTold && b.MayTellModels).ToArray();
            var unlisting = family.Where(static b => !b.IsTold && !b.MayTellModels).ToArray();
            if (told.Length == 0)
            {
                groups.Add(new BackendGroup(family, backends));
                continue;
            }

            // What has not told its models may turn out to share any of them.
            groups.AddRange(expected.Length > 0 ? [new BackendGroup(told.Concat(expected), backends)] : Sharing(told).Select(members => new BackendGroup(members, backends)));
            if (unlisting.Length > 0)
            {
                // Every model may be sent to it, so that among others it would be sent theirs.
                groups.Add(new BackendGroup(unlisting, backends));
            }
        }

        return [.. groups.OrderBy(g => backends.IndexOf(g.Backends[0]))];
    }

    private static List<List<DetectedBackend>> Sharing(IEnumerable<DetectedBackend> backends)
    {
        var sets = new List<List<DetectedBackend>>();
        foreach (var backend in backends)
        {
            var names = backend.Models.Select(static m => m.Name).ToHashSet(StringComparer.Ordinal);
            var shared = sets.FindAll(set => set.Exists(other => other.Models.Any(m => names.Contains(m.Name))));
            sets.RemoveAll(shared.Contains);
            sets.Add([.. shared.SelectMany(static set => set), backend]);
        }

        return sets;
    }

    // What nobody knows is taken for Ollama when every other server of the user's own is.
    private static string FamilyOf(DetectedBackend backend, IReadOnlyList<DetectedBackend> all)
    {
        if (backend.IsKindKnown)
        {
            return FamilyOf(backend.Kind);
        }

        var others = all.Where(static b => b.IsKindKnown && !ModelServerPaths.IsHosted(b.Kind)).Select(b => FamilyOf(b.Kind)).Distinct(StringComparer.Ordinal).ToArray();
        return others is [var only] ? only : OpenAiPaths;
    }

    private static string FamilyOf(string kind) => kind == ModelServerKinds.Ollama || ModelServerPaths.IsHosted(kind) ? kind : OpenAiPaths;
}
