using System.Text;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Step Peek, second half: from the model a body names to the cluster that serves it, and what the body must say there.</summary>
internal sealed class ModelRouting(ModelCatalog catalog, IProxyStateLookup proxy)
{
    private static readonly byte[][] UsageInsertions = [.. Enum.GetValues<UsageSplice>().Select(splice => new InferenceFacts { UsageSplice = splice }.UsageInsertion.ToArray())];

    /// <summary>The catalog's knowledge now.</summary>
    public CatalogSnapshot Catalog => catalog.Current;

    /// <summary>Ends when every destination was asked for its models once, so that the first answer after a start is not an empty list.</summary>
    public Task WhenAskedOnce(CancellationToken cancellationToken) => catalog.WhenAskedOnce().WaitAsync(cancellationToken);

    /// <summary>Whether a route or a destination names this model now. Walks the configuration; not for every request.</summary>
    public bool Offers(string model) =>
        catalog.Current.NameOf(model) == model || proxy.GetRoutes().Any(route => ExtensionsCarrier.Read(route.Config).Models.ContainsKey(model));

    /// <summary>The cluster to send to; null, and <see cref="RequestContext.Error"/>, when the model is not served here.</summary>
    public ClusterState? Resolve(RequestContext context, ClusterState own)
    {
        ref var facts = ref context.Facts;
        Span<char> model = stackalloc char[InferenceFacts.MaxModelLength];
        model = model[..Encoding.ASCII.GetChars(facts.Model, model)];
        context.Record.Stream = facts.Stream;
        ClusterState? cluster;
        if (context.Route.Models is { IsEmpty: false } table)
        {
            cluster = Mapped(context, table, model, own);
        }
        else
        {
            cluster = catalog.Current.Find(own.ClusterId, model) == ModelStanding.Unknown ? null : own;
            context.Record.Model = catalog.Current.NameOf(model);
        }

        if (cluster is null)
        {
            context.Error = GatewayError.ModelNotFound;
            context.ErrorMessage = UnknownModel.Describe(context.Dialect, model);
            return null;
        }

        AskForUsage(context);
        return cluster;
    }

    /// <summary>Goes on to the model <see cref="HasFallback"/> stopped at; null, and nothing changed, when its cluster left the configuration just now.</summary>
    public ClusterState? NextFallback(RequestContext context)
    {
        var fallback = context.History.Fallbacks[context.History.NextFallback++];
        if (!proxy.TryGetCluster(fallback.Cluster, out var cluster))
        {
            return null;
        }

        context.BeginModel(fallback);
        context.Splices.Add(context.Facts.ModelRange.Offset, context.Facts.ModelRange.Length, fallback.RewriteUtf8);
        AskForUsage(context);
        return cluster;
    }

    /// <summary>Whether there is a model that may answer in place of the one asked for; passes over those that cannot.</summary>
    public bool HasFallback(RequestContext context)
    {
        for (var history = context.History; history.HasFallback; history.NextFallback++)
        {
            var fallback = history.Fallbacks[history.NextFallback];
            if (proxy.TryGetCluster(fallback.Cluster, out var cluster) && CanServe(fallback, fallback.PublicName, cluster))
            {
                return true;
            }
        }

        return false;
    }

    // Only these two know the option; other APIs tell counts unasked and refuse a member they do not know.
    private static void AskForUsage(RequestContext context)
    {
        ref var facts = ref context.Facts;
        if (context.Route.Options.Response.MeterUsage
            && context.Record.Operation is Operation.ChatCompletions or Operation.Completions
            && facts is { Stream: true, UsageSplice: not UsageSplice.None })
        {
            context.IsUsageInjected = true;
            context.Splices.Add(facts.UsageRange.Offset, facts.UsageRange.Length, UsageInsertions[(int)facts.UsageSplice]);
        }
    }

    /// <summary>Which of <paramref name="available"/> may be sent this request: all, unless they differ in what they serve.</summary>
    public IReadOnlyList<DestinationState> Candidates(RequestContext context, ClusterState cluster, IReadOnlyList<DestinationState> available) =>
        AreAlike(context, cluster) ? available : Filter(context, available);

    /// <summary>Whether any destination of the cluster may be sent this request as well as any other.</summary>
    public bool AreAlike(RequestContext context, ClusterState cluster) => !context.IsInference || catalog.Current.Cluster(cluster.ClusterId) is not { IsUniform: false };

    /// <summary>Whether a destination of a cluster in which they differ is a candidate.</summary>
    public Candidacy CandidacyOf(RequestContext context, DestinationState destination)
    {
        Span<char> model = stackalloc char[InferenceFacts.MaxModelLength];
        return CandidacyOf(ModelOf(context, model), destination);
    }

    /// <summary>Whether a destination that is no candidate may be tried with this request.</summary>
    public bool MayTry(RequestContext context, DestinationState destination)
    {
        Span<char> model = stackalloc char[InferenceFacts.MaxModelLength];
        return !context.IsInference || catalog.StatusOf(destination).MayServe(ModelOf(context, model));
    }

    private ClusterState? Mapped(RequestContext context, ModelTable table, ReadOnlySpan<char> model, ClusterState own)
    {
        if (table.Find(model) is not { } match)
        {
            return null;
        }

        context.Record.Model = match.PublicName;
        var chosen = match;
        if (!match.Fallbacks.IsEmpty)
        {
            context.History.Fallbacks = match.Fallbacks;
            chosen = !CanServe(match, model, own) && HasFallback(context) ? match.Fallbacks[context.History.NextFallback++] : match;
        }

        if (!TryGetCluster(chosen, own, out var cluster))
        {
            return null;
        }

        context.Model = chosen;
        if (!chosen.RewriteUtf8.IsEmpty)
        {
            context.Splices.Add(context.Facts.ModelRange.Offset, context.Facts.ModelRange.Length, chosen.RewriteUtf8);
        }

        return chosen.Rewrite is null && catalog.Current.Find(cluster.ClusterId, model) == ModelStanding.Unknown
            ? null
            : cluster;
    }

    private bool CanServe(ModelTarget match, ReadOnlySpan<char> model, ClusterState own) =>
        TryGetCluster(match, own, out var cluster)
        && cluster.DestinationsState.AvailableDestinations.Count > 0
        && (catalog.Current.Cluster(cluster.ClusterId) is not { } models
            || models.Find(match.Rewrite is { } rewrite ? rewrite : model) is ModelStanding.Served or ModelStanding.Unlisted);

    private bool TryGetCluster(ModelTarget match, ClusterState own, out ClusterState cluster)
    {
        if (match.Cluster.Equals(own.ClusterId, StringComparison.OrdinalIgnoreCase))
        {
            cluster = own;
            return true;
        }

        return proxy.TryGetCluster(match.Cluster, out cluster!);
    }

    // The lists are the request's own: what is asked again for a retry takes their place.
    private List<DestinationState> Filter(RequestContext context, IReadOnlyList<DestinationState> available)
    {
        Span<char> model = stackalloc char[InferenceFacts.MaxModelLength];
        model = ModelOf(context, model);
        var (serving, welcoming) = (context.Serving, context.Welcoming);
        serving.Clear();
        welcoming.Clear();
        for (var i = 0; i < available.Count; i++)
        {
            var destination = available[i];
            var candidacy = CandidacyOf(model, destination);
            if (candidacy == Candidacy.None)
            {
                continue;
            }

            serving.Add(destination);
            if (candidacy == Candidacy.Welcoming)
            {
                welcoming.Add(destination);
            }
        }

        // When all refuse the gateway's credential the requests still decide: they may bring one of their own.
        return welcoming.Count > 0 ? welcoming : serving;
    }

    private Candidacy CandidacyOf(ReadOnlySpan<char> model, DestinationState destination)
    {
        var status = catalog.StatusOf(destination);
        return !model.IsEmpty && !status.MayServe(model) ? Candidacy.None
            : status.Answer == DestinationAnswer.Unauthorized ? Candidacy.Serving : Candidacy.Welcoming;
    }

    /// <summary>The name the destination is asked for; empty when there is none.</summary>
    private static Span<char> ModelOf(RequestContext context, Span<char> room) => context.Model?.Rewrite is { } rewrite
        ? rewrite.AsSpan().TryCopyTo(room) ? room[..rewrite.Length] : default
        : room[..Encoding.ASCII.GetChars(context.Facts.Model, room)];
}

/// <summary>Whether a destination may be sent a request, where destinations differ in what they serve.</summary>
internal enum Candidacy : byte
{
    /// <summary>It does not serve the model.</summary>
    None,

    /// <summary>It serves the model but refuses the gateway's credential: a candidate where no other is.</summary>
    Serving,

    /// <summary>It serves the model.</summary>
    Welcoming,
}
