using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>When something was said, and what the gateway knew then.</summary>
/// <param name="At">Time since the moment all of the gateway's learning goes by; of a question, when it was sent.</param>
/// <param name="GoodFor">How long it is gone by.</param>
/// <param name="InFlight">The gateway's own requests in flight at that time.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ReportMoment(TimeSpan At, TimeSpan GoodFor, int InFlight);

/// <summary>
/// The newest report of a destination, made ready for picks. Requests counted by the server and by the gateway overlap, so what strategies are given is
/// <see cref="Others"/>: how many requests more than the gateway's own the server had. The gateway's own are counted as they come and go; together they are
/// the reported requests plus what the gateway has sent and got answered since, and never less than what it has in flight. Immutable.
/// </summary>
internal sealed class ReportedLoad
{
    /// <summary>Longest that any report is gone by.</summary>
    public static readonly TimeSpan LongestGood = TimeSpan.FromSeconds(2);

    private readonly int _others;
    private readonly double _pressure;
    private readonly long _requestsUntil;
    private readonly long _cacheUntil;
    private readonly long _modelsUntil;
    private readonly ulong[] _models;

    /// <param name="facts">What the server said.</param>
    /// <param name="requests">When it said how many requests it has.</param>
    /// <param name="cache">When it said how full its cache is.</param>
    public ReportedLoad(ReportedFacts facts, ReportMoment requests, ReportMoment cache)
    {
        (Facts, Requests, Cache) = (facts, requests, cache);
        _requestsUntil = facts.Running is null ? long.MinValue : (requests.At + requests.GoodFor).Ticks;
        _cacheUntil = facts.CacheUse is null ? long.MinValue : (cache.At + cache.GoodFor).Ticks;
        _others = Math.Max(0, (facts.Waiting ?? 0) + (facts.Running ?? 0) - requests.InFlight);
        _pressure = CachePressure.Of(facts.CacheUse ?? 0);
        _modelsUntil = (requests.At + requests.GoodFor).Ticks;
        _models = facts.NamesModels ? [.. facts.Models.Select(ModelKey.Of)] : [];
    }

    /// <summary>What the server said.</summary>
    public ReportedFacts Facts { get; }

    /// <summary>When it said how many requests it has.</summary>
    public ReportMoment Requests { get; }

    /// <summary>When it said how full its cache is.</summary>
    public ReportMoment Cache { get; }

    /// <summary>Whether it has <paramref name="model"/>, an adapter or a model of several, ready for requests: they need not wait until it is loaded.</summary>
    /// <param name="model">A <see cref="ModelKey"/>.</param>
    /// <param name="now">Time.</param>
    public bool Has(ulong model, TimeSpan now) => _models.Length > 0 && now.Ticks <= _modelsUntil && _models.AsSpan().Contains(model);

    /// <summary>When it said anything last.</summary>
    public TimeSpan TakenAt => Requests.At > Cache.At ? Requests.At : Cache.At;

    /// <summary>Whether the requests reported are gone by at <paramref name="now"/>.</summary>
    public bool TellsRequests(TimeSpan now) => now.Ticks <= _requestsUntil;

    /// <summary>Whether the use of the cache reported is gone by at <paramref name="now"/>.</summary>
    public bool TellsCache(TimeSpan now) => now.Ticks <= _cacheUntil;

    /// <summary>Requests the server had besides the gateway's own; 0 when that is not known, or not any more.</summary>
    public int Others(TimeSpan now) => now.Ticks <= _requestsUntil ? _others : 0;

    /// <summary>What a request counts for because of the cache, as <see cref="CachePressure"/> says; 1 when that is not known, or not any more.</summary>
    public double Pressure(TimeSpan now) => now.Ticks <= _cacheUntil ? _pressure : 1;
}

/// <summary>
/// What a request counts for on a server whose KV cache is nearly full, where it will wait or push another one out. 1 up to the use of 0.8 that llm-d takes for
/// saturated, so that below it requests alone decide; then the third power of how much less is left than at 0.8: 8 times at 0.9, 64 times at 0.95.
/// </summary>
internal static class CachePressure
{
    /// <summary>Up to this use the cache says nothing.</summary>
    public const double Limit = 0.8;

    /// <summary>Left of a full cache, so that the full ones can still be told apart by their requests.</summary>
    private const double Least = 0.002;

    /// <param name="use">0 to 1.</param>
    public static double Of(double use)
    {
        var tightness = (1 - Limit) / Math.Max(1 - use, Least);
        return use <= Limit ? 1 : tightness * tightness * tightness;
    }
}
