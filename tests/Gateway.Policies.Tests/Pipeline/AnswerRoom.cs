using System.Text;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>An answer on its way through the streams that watch and change it, without a network around.</summary>
internal sealed class AnswerRoom
{
    public static readonly TimeSpan BetweenChunks = TimeSpan.FromSeconds(10);
    private static readonly FakeTimeProvider Clock = new();
    private static readonly RoutePlan Plan = PlanOf(new RouteModel(
        WireHost.Route("r", new RouteExtensions { Inference = true, Timeouts = new() { BetweenChunks = BetweenChunks } }), cluster: null, HttpTransformer.Default));

    private readonly Dialect _dialect;
    private readonly bool _isStream;

    public AnswerRoom(Dialect dialect, bool isStream, TimeProvider? time = null)
    {
        _dialect = dialect;
        _isStream = isStream;
        Context = new RequestContext(new BodyBudget(0), time ?? Clock);
        Context.Begin(new DefaultHttpContext(), Plan);
        Context.IsInference = true;
        Context.Dialect = dialect;
        Context.Scanner = new AnswerScanner(dialect, isStream);
    }

    public RequestContext Context { get; }

    /// <summary>What the gateway compiles from a route.</summary>
    public static RoutePlan PlanOf(RouteModel route)
    {
        var services = new ServiceCollection().AddLogging().AddRouting().AddSingleton<TimeProvider>(Clock).AddSingleton(Metrics.NewCustomRegistry());
        services.AddReverseProxy().LoadFromMemory([], []).AddGatewayPolicies();
        return services.BuildServiceProvider().GetRequiredService<PlanCache>().For(route);
    }

    public ObservedStream Observe(Stream inner, CancellationToken abandoned = default) => new(inner, Context, _isStream, abandoned);

    public RewrittenStream Rewrite(Stream inner, bool hideUsage, string? model) => new(Observe(inner), _isStream, hideUsage, model, _dialect);

    /// <summary>Reads to the end as the forwarder does, an empty read before each real one; the text, and what it ended with when not in order.</summary>
    public static async Task<(string Text, Exception? Failure)> CopyAsync(Stream stream, IReadOnlyList<int>? sizes = null)
    {
        var output = new MemoryStream();
        try
        {
            for (var i = 0; ; i++)
            {
                Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty));
                var buffer = new byte[sizes is null ? 64 * 1024 : sizes[i % sizes.Count]];
                var read = await stream.ReadAsync(buffer);
                if (read == 0)
                {
                    return (Encoding.UTF8.GetString(output.ToArray()), null);
                }

                output.Write(buffer, 0, read);
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            return (Encoding.UTF8.GetString(output.ToArray()), failure);
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }
}
