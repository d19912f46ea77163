using System.Collections.Immutable;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Backends that become one cluster: of one kind, each sharing a model with another, or none of them telling its models.</summary>
internal sealed class BackendGroup
{
    private BackendGroup(string kind, IEnumerable<DetectedBackend> backends)
    {
        Kind = kind;
        Backends = [.. backends];
        Models = [.. Backends.SelectMany(b => b.Models).Select(m => m.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>Kind of model server.</summary>
    public string Kind { get; }

    /// <summary>The members.</summary>
    public ImmutableArray<DetectedBackend> Backends { get; }

    /// <summary>Names of the models they list, sorted.</summary>
    public IReadOnlyList<string> Models { get; }

    /// <summary>Groups in the order of their first backend on the command line.</summary>
    public static IReadOnlyList<BackendGroup> Of(ImmutableArray<DetectedBackend> backends)
    {
        var groups = new List<BackendGroup>();
        foreach (var backend in backends.Where(b => b.Models.Length > 0))
        {
            var shared = groups.FindAll(g => g.Kind == backend.Kind && backend.Models.Any(m => g.Models.Contains(m.Name, StringComparer.Ordinal)));
            groups.RemoveAll(shared.Contains);
            groups.Add(new BackendGroup(backend.Kind, shared.SelectMany(g => g.Backends).Append(backend)));
        }

        var silent = backends.Where(b => b.Models.Length == 0).ToArray();
        foreach (var sameKind in silent.GroupBy(b => KindAmong(b, groups), StringComparer.Ordinal).ToArray())
        {
            var only = groups is [var group] && group.Kind == sameKind.Key && group.Models.Count > 0 ? group : null;
            groups.RemoveAll(g => g == only);
            groups.Add(new BackendGroup(sameKind.Key, (only?.Backends ?? []).Concat(sameKind)));
        }

        return [.. groups.OrderBy(g => g.Backends.Min(b => backends.IndexOf(b)))];
    }

    // What does not answer is taken for what its neighbours are, when they agree.
    private static string KindAmong(DetectedBackend backend, List<BackendGroup> groups) =>
        backend.Answer is DestinationAnswer.Unreachable or DestinationAnswer.Failing && backend.Kind == ModelServerKinds.Generic
            && groups.Select(g => g.Kind).Distinct(StringComparer.Ordinal).ToArray() is [var kind]
            ? kind
            : backend.Kind;
}
