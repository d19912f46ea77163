using System.Net.Sockets;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// Sends requests from code to one of several destinations, picked by a strategy, without a proxy: <c>LoadBalancer.Create().Add("gpu1", "10.0.0.1", 8000).Build()</c>.
/// Thread-safe; make one and keep it. A request is sent to one destination and, when that fails, to no other.
/// </summary>
public sealed class LoadBalancer : IAsyncDisposable
{
    private readonly Strategy _strategy;
    private readonly AvailabilityRegistry _clock;
    private readonly ClusterLoads _loads;
    private readonly Uri[] _addresses;
    private readonly HttpMessageInvoker _invoker;
    private readonly bool _ownsInvoker;
    private int _isDisposed;

    internal LoadBalancer(LoadBalancerPlan plan)
    {
        _clock = new AvailabilityRegistry(
            plan.Time, new Chance(plan.Seed), new HealthMetrics(Metrics.NewCustomRegistry(), seriesLimit: 1), [], NullLogger<AvailabilityRegistry>.Instance);
        _strategy = StrategyRegistration.All(_clock).First(strategy => strategy.Name.Equals(plan.Strategy, StringComparison.OrdinalIgnoreCase));
        var loads = plan.Destinations.Select(static destination => new DestinationLoad(destination.Name) { Weight = destination.Weight }).ToArray();
        var options = new ClusterExtensions { Hash = new HashOptions { Keys = [.. plan.HashKeys] } };
        _loads = new ClusterLoads(new ClusterShape(options, new ClusterMemory(_clock.Chance), loads), [.. Enumerable.Range(0, loads.Length)]);
        _addresses = [.. plan.Destinations.Select(static destination => destination.Address)];
        (_invoker, _ownsInvoker) = plan.Invoker is { } given ? (given, false) : (NewInvoker(), true);
    }

    /// <summary>Begins a balancer: name its destinations, then <see cref="LoadBalancerBuilder.Build"/>.</summary>
    public static LoadBalancerBuilder Create() => new();

    internal ReadOnlySpan<DestinationLoad> Loads => _loads.All;

    /// <summary>
    /// Picks a destination, sends the request there and returns its answer as soon as the headers are here. The request counts as in flight until the answer is
    /// read to its end or disposed, so dispose it. Strategies learn from the time to the headers and from failures: answers of 5xx, 401, 403 and 429, connections
    /// that fail or break. One that <paramref name="cancel"/> ends says nothing.
    /// </summary>
    /// <param name="request">The request. Path and query are its own; scheme, host and port of its address, if it has any, are replaced by the destination's.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The destination's answer, whatever its status; <see cref="HttpResponseMessage.RequestMessage"/> tells whose it is.</returns>
    /// <exception cref="HttpRequestException">The destination could not be reached, or broke off.</exception>
    public async Task<HttpResponseMessage> RouteAsync(HttpRequestMessage request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        cancel.ThrowIfCancellationRequested();
        var place = new MessagePlace(_clock);
        var picked = Pick(request, place);
        try
        {
            request.RequestUri = Target(_addresses[picked], request.RequestUri);
            var answer = await _invoker.SendAsync(request, cancel).ConfigureAwait(false);
            place.Answered((int)answer.StatusCode);
            if (answer.Content.Headers.ContentLength == 0)
            {
                place.End();
            }

            answer.Content = new RoutedContent(answer.Content, place, cancel);
            return answer;
        }
        catch (Exception error)
        {
            place.End(OutcomeOf(error, cancel));
            throw;
        }
    }

    /// <summary>Closes the connections to destinations. An <see cref="HttpMessageInvoker"/> that was given stays open.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0 && _ownsInvoker)
        {
            _invoker.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>What an exception on the way says of the destination.</summary>
    internal static AttemptOutcome OutcomeOf(Exception error, CancellationToken cancel) => error switch
    {
        OperationCanceledException when cancel.IsCancellationRequested => AttemptOutcome.Nothing,
        OperationCanceledException => AttemptOutcome.FirstByteTimeout,
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => AttemptOutcome.ConnectRefused,
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } =>
            AttemptOutcome.ConnectFailed,
        HttpRequestException or IOException => AttemptOutcome.BrokenOff,

        // What the request itself, its content or the caller's handler threw.
        _ => AttemptOutcome.Nothing,
    };

    private int Pick(HttpRequestMessage request, MessagePlace place)
    {
        // Nothing is ever full here, so the first pick holds.
        var picked = _strategy.Choose(new PickRequest(request, ref place.Note), new Candidates(_loads.Candidates, _loads, isWhole: true));
        place.Take(_loads.Candidates[picked]);
        return picked;
    }

    /// <summary>Where the request goes: the path of the destination's address, then the request's own path and query.</summary>
    private static Uri Target(Uri address, Uri? asked)
    {
        var path = asked is null ? "/" : asked.IsAbsoluteUri ? asked.PathAndQuery : asked.OriginalString;
        return new Uri(address.AbsoluteUri.TrimEnd('/') + (path.StartsWith('/') ? "" : "/") + path);
    }

    private static HttpMessageInvoker NewInvoker() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        EnableMultipleHttp2Connections = true,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(5),
    });
}
