using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.RateLimiting;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>What a route asks of the pipeline, compiled once from its configuration. Immutable; a request keeps the plan it began with.</summary>
internal sealed class RoutePlan
{
    // Half of what there is: 146 years of a clock that counts nanoseconds, which leaves the other half for the timestamp.
    private const long MostTicks = long.MaxValue / 2;

    private static readonly TimeSpan DefaultActivity = TimeSpan.FromSeconds(100);

    private readonly RequestMetrics _metrics;

    public RoutePlan(RouteModel route, RequestMetrics metrics, ClientDirectory clients, PermitTable permits, TimeProvider time)
    {
        _metrics = metrics;
        RouteId = route.Config.RouteId;
        Transformer = route.Transformer;
        Options = ExtensionsCarrier.Read(route.Config);
        Models = ModelTable.Compile(Options.Models, route.Config.ClusterId);
        Metrics = metrics.Route(RouteId);
        var cluster = route.Cluster is null ? new ClusterExtensions() : ExtensionsCarrier.Read(route.Cluster.Model.Config);
        IsInference = Options.Inference ?? (Options.Models.Count > 0 || cluster.ModelServer is not null);
        Clients = new ClientRule(clients, Options.RequireKey ?? clients.RequiresKey, keysEndHere: KeysEndHere);
        Limits = LimitStep.Compile(RouteId, Options.Limits, permits, Metrics);
        Kind = cluster.ModelServer?.Kind ?? ModelServerKinds.Generic;
        TotalTicks = Ticks(Options.Timeouts.Total ?? cluster.Timeouts.Total, time) ?? long.MaxValue;
        BodyTicks = Ticks(Options.RequestBody.ReadTimeout, time)!.Value;
        FirstByteTicks = Ticks(Options.Timeouts.FirstByte, time);
        BetweenChunksTicks = Ticks(Options.Timeouts.BetweenChunks, time);
        EndsBrokenStreams = !Options.Response.BrokenStream.Equals(BrokenStreams.Cut, StringComparison.OrdinalIgnoreCase);
        Plain = PlainConfig(route.Cluster?.Model.Config.HttpRequest, cluster.Timeouts);
    }

    /// <summary>Route id.</summary>
    public string RouteId { get; }

    /// <summary>The route's Extensions.</summary>
    public RouteExtensions Options { get; }

    /// <summary>The route's transforms.</summary>
    public HttpTransformer Transformer { get; }

    /// <summary>Public model names of the route; empty when every model of its cluster is open.</summary>
    public ModelTable Models { get; }

    /// <summary>The route's metrics.</summary>
    public RouteMetrics Metrics { get; }

    /// <summary>Whether requests are read as inference requests.</summary>
    public bool IsInference { get; }

    /// <summary>Whether keys of clients are not sent on, so that a destination that refuses one refuses the gateway's.</summary>
    public bool KeysEndHere => IsInference && !Options.ForwardClientCredentials;

    /// <summary>Tells the route's clients apart.</summary>
    public ClientRule Clients { get; }

    /// <summary>The route's limits, null when it has none.</summary>
    public LimitStep? Limits { get; }

    /// <summary>Kind of model server of the route's own cluster.</summary>
    public string Kind { get; }

    /// <summary>Whether a stream that broke off between two events is ended with an error event.</summary>
    public bool EndsBrokenStreams { get; }

    /// <summary>Limit of the whole request in ticks, <see cref="long.MaxValue"/> for none.</summary>
    public long TotalTicks { get; }

    /// <summary>Limit of reading a body that is held, in ticks.</summary>
    public long BodyTicks { get; }

    /// <summary>Limit to the first byte in ticks, null to inherit.</summary>
    public long? FirstByteTicks { get; }

    /// <summary>Limit between chunks in ticks, null to inherit.</summary>
    public long? BetweenChunksTicks { get; }

    /// <summary>How requests that are not inference requests are forwarded.</summary>
    public ForwarderRequestConfig Plain { get; }

    /// <summary>Counts a connection that became a tunnel.</summary>
    public void CountUpgrade() => _metrics.UpgradeStarted();

    /// <summary>A time span in ticks of the clock, null for null. Never so many that a timestamp and they would exceed what a timestamp can be.</summary>
    public static long? Ticks(TimeSpan? span, TimeProvider time) =>
        span is { } value ? (long)Math.Min(value.TotalSeconds * time.TimestampFrequency, MostTicks) : null;

    // YARP has one idle limit for waiting and for reading; it may never be shorter than either of ours.
    private ForwarderRequestConfig PlainConfig(ForwarderRequestConfig? request, TimeoutOptions cluster)
    {
        var config = request ?? ForwarderRequestConfig.Empty;
        var firstByte = Options.Timeouts.FirstByte ?? cluster.FirstByte ?? (IsInference ? ClusterPlan.DefaultFirstByte : null);
        var betweenChunks = Options.Timeouts.BetweenChunks ?? cluster.BetweenChunks ?? (IsInference ? ClusterPlan.DefaultBetweenChunks : null);
        if (firstByte is null && betweenChunks is null)
        {
            return config;
        }

        var idle = config.ActivityTimeout ?? DefaultActivity;
        var longest = Longer(firstByte ?? idle, betweenChunks ?? idle);
        return config with { ActivityTimeout = config.ActivityTimeout is { } own ? Longer(own, longest) : longest };
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) =>
        one == Timeout.InfiniteTimeSpan || (other != Timeout.InfiniteTimeSpan && one > other) ? one : other;
}
