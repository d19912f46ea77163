using System.Globalization;
using BlazeGateway.Configuration.Checks;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Continuation;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Explain;

/// <summary>The limits of a request that are in effect, by name, as text: those that were set, defaults where none was, and none that never comes into play.</summary>
internal sealed class ExplainedLimits
{
    private readonly Dictionary<string, string> _all = new(StringComparer.Ordinal);

    /// <summary>The limits of requests of <paramref name="route"/> that go to <paramref name="cluster"/>; <paramref name="own"/> is the route's own cluster, where it has one.</summary>
    public static IReadOnlyDictionary<string, string> Of(RouteConfig route, ClusterConfig cluster, ClusterConfig? own)
    {
        var (ofRoute, ofCluster) = (ExtensionsCarrier.Read(route), ExtensionsCarrier.Read(cluster));
        var ofOwn = own is null ? new ClusterExtensions() : ExtensionsCarrier.Read(own);
        var isInference = ofRoute.Inference ?? (ofRoute.Models.Count > 0 || ofOwn.ModelServer is not null);
        var limits = new ExplainedLimits();
        limits.AddTimes(ofRoute, ofCluster, ofOwn);
        limits.Add("Limits.PerClient.Concurrent", ofRoute.Limits.PerClient.Concurrent);
        limits.Add("Limits.PerEndpoint.Concurrent", ofRoute.Limits.PerEndpoint.Concurrent);
        limits.AddRoom(cluster, ofCluster);
        limits.AddQueue(cluster, ofCluster, isInference);
        limits.AddAttempts(ofRoute.Retry, ofCluster.RetryBudget);
        limits._all["Continuation"] = Continuation(ofRoute, ofCluster, isInference);
        if (route.Timeout is { } timeout)
        {
            limits._all["Timeout"] = Show(timeout);
        }

        if (route.RateLimiterPolicy is { } rate)
        {
            limits._all["RateLimiterPolicy"] = rate;
        }

        return limits._all;
    }

    private void AddTimes(RouteExtensions route, ClusterExtensions cluster, ClusterExtensions own)
    {
        _all["FirstByte"] = Show(route.Timeouts.FirstByte ?? cluster.Timeouts.FirstByte ?? ClusterPlan.DefaultFirstByte);
        _all["BetweenChunks"] = Show(route.Timeouts.BetweenChunks ?? cluster.Timeouts.BetweenChunks ?? ClusterPlan.DefaultBetweenChunks);
        _all["Total"] = Show(route.Timeouts.Total ?? own.Timeouts.Total);
        _all["RequestBody.ReadTimeout"] = Show(route.RequestBody.ReadTimeout);
        _all["RequestBody.MaxBytes"] = Show(route.RequestBody.MaxBytes);
    }

    private void AddRoom(ClusterConfig cluster, ClusterExtensions extensions)
    {
        if (!AdmissionCheck.IsBlindToRoom(cluster))
        {
            AddEach(nameof(ClusterExtensions.Capacity), cluster, extensions.Capacity);
            AddEach(nameof(ClusterExtensions.TokenCapacity), cluster, extensions.TokenCapacity);
            if (extensions.Admission.Adaptive)
            {
                _all["Admission.Adaptive"] = "what each destination takes is learned";
            }
        }

        Add("Admission.MaxInFlight", extensions.Admission.MaxInFlight);
    }

    private void AddQueue(ClusterConfig cluster, ClusterExtensions extensions, bool isInference)
    {
        var admission = extensions.Admission;
        if (!AdmissionCheck.HasQueue(cluster, extensions))
        {
            _all["Queue"] = "none, for nothing bounds the cluster";
            return;
        }

        if (admission.QueueLimit == 0)
        {
            _all["Queue"] = "none, for Admission.QueueLimit is 0; refused where the cluster is full";
        }
        else
        {
            _all["Admission.QueueLimit"] = Show(admission.QueueLimit);
            _all["Admission.QueueTimeout"] = Show(admission.QueueTimeout ?? (isInference ? AdmitStep.InferenceTimeout : AdmitStep.PlainTimeout));
            _all["Admission.QueueBytes"] = Show(admission.QueueBytes);
        }

        if (admission.CriticalReserve > 0)
        {
            _all["Admission.CriticalReserve"] = admission.CriticalReserve.ToString(CultureInfo.InvariantCulture);
        }
    }

    private void AddAttempts(RetryOptions retry, RetryBudgetOptions budget)
    {
        Add("Retry.MaxAttempts", retry.MaxAttempts);
        if (retry.MaxAttempts > 1)
        {
            _all["Retry.AfterSend"] = retry.AfterSend switch
            {
                null => "where it leaves nothing behind",
                true => "yes",
                false => "no",
            };
            _all["RetryBudget"] = string.Create(CultureInfo.InvariantCulture, $"{budget.Ratio} of the requests and {budget.PerSecond} a second");
        }
    }

    private static string Continuation(RouteExtensions route, ClusterExtensions cluster, bool isInference)
    {
        var kind = cluster.ModelServer?.Kind ?? ModelServerKinds.Generic;
        return (route.Continuation.Enabled, isInference && ContinuingKinds.Contains(kind), route.Retry.MaxAttempts) switch
        {
            (false, _, _) => "off",
            (_, false, _) => $"none, for a cluster of kind {kind}",
            (_, _, 1) => "none, for Retry.MaxAttempts is 1",
            _ => $"on, up to {Show(route.Continuation.MaxTextBytes)} bytes of text",
        };
    }

    private void AddEach(string name, ClusterConfig cluster, Dictionary<string, int> most)
    {
        if (most.Count > 0)
        {
            _all[name] = string.Join(", ", (cluster.Destinations?.Keys ?? []).Order(StringComparer.Ordinal)
                .Select(id => $"{id} {(most.TryGetValue(id, out var own) || most.TryGetValue("*", out own) ? Show(own) : "any number")}"));
        }
    }

    private void Add(string name, int? most)
    {
        if (most is { } number)
        {
            _all[name] = Show(number);
        }
    }

    private static string Show(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Show(TimeSpan? time) => time?.ToString("c") ?? "none";
}
