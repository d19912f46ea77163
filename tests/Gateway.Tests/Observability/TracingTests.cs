using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Observability;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace BlazeGateway.Tests.Observability;

public class TracingTests
{
    // A path of this test alone: spans of the whole process come to the collector.
    private const string LeftOut = "/left-out-by-the-filter";
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static WebApplication Build(Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        services?.Invoke(builder.Services);
        return builder.Build();
    }

    private async Task<WebApplication> StartCollectorAsync()
    {
        var collector = Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _received.Enqueue((context.Request.Path, body.ToArray()));
        });
        await collector.StartAsync(Cancel);
        return collector;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        using (var attempt = RequestTracing.StartAttempt("llm", "gpu-a", "RoundRobin", 1))
        {
            RequestTracing.EndAttempt(attempt, AttemptResult.Ok);
        }

        RequestTracing.Settled(context.Features.Get<IHttpActivityFeature>()?.Activity, new AccessRecord
        {
            Route = "chat",
            Cluster = "llm",
            Destination = "gpu-a",
            Strategy = "RoundRobin",
            Model = "demo-small",
            Operation = Operation.ChatCompletions,
            TokensIn = 7,
            TokensOut = 9,
        });
        await context.Response.WriteAsync("ok");
    }

    [Fact]
    public async Task Spans_reach_the_collector_with_model_and_destination_and_without_secrets()
    {
        await using var collector = await StartCollectorAsync();
        await using (var gateway = Build(services => services.AddTelemetryExport(new OtlpOptions { Endpoint = collector.Urls.Single() }, static context => context.Request.Path != LeftOut)))
        {
            gateway.Run(AnswerAsync);
            await gateway.StartAsync(Cancel);
            using var client = new HttpClient { BaseAddress = new Uri(gateway.Urls.Single()) };
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/chat?key=canary-query");
            request.Headers.Add("traceparent", Parent);
            request.Headers.Add("Authorization", "Bearer canary-key");
            request.Headers.Add("User-Agent", "canary-agent");
            await client.SendAsync(request, Cancel);
            await client.GetAsync(LeftOut, Cancel);
            gateway.Services.GetRequiredService<TracerProvider>().ForceFlush(10_000);
        }

        var spans = Encoding.Latin1.GetString([.. _received.SelectMany(batch => batch.Body)]);
        Assert.All(_received, batch => Assert.Equal("/v1/traces", batch.Path));
        Assert.All(
            ["gen_ai.request.model", "demo-small", "gen_ai.usage.output_tokens", "blaze.destination", "gpu-a", "blaze.strategy", "RoundRobin", "blaze.outcome"],
            part => Assert.Contains(part, spans, StringComparison.Ordinal));
        Assert.Contains(Encoding.Latin1.GetString(Convert.FromHexString("0af7651916cd43dd8448eb211c80319c")), spans, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", spans, StringComparison.Ordinal);
        Assert.DoesNotContain(LeftOut, spans, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_endpoint_nothing_is_registered_and_no_span_is_made()
    {
        await using var gateway = Build(services => services.AddTelemetryExport(new OtlpOptions(), static _ => true));
        Assert.Null(gateway.Services.GetService<TracerProvider>());
        Assert.Null(RequestTracing.StartAttempt("llm", "gpu-a", "RoundRobin", 1));
    }

    [Theory]
    [InlineData("collector:4317")]
    [InlineData("ftp://collector")]
    [InlineData("/v1/traces")]
    public void A_bad_endpoint_names_the_key_and_the_rule(string endpoint)
    {
        var error = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddTelemetryExport(new OtlpOptions { Endpoint = endpoint }, static _ => true));
        Assert.Contains("Telemetry:Otlp:Endpoint", error.Message, StringComparison.Ordinal);
        Assert.Contains(endpoint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Baggage_ends_at_the_gateway()
    {
        using var activity = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        activity.AddBaggage("user", "canary");
        activity.TraceStateString = "vendor=1";
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        TraceContextPropagator.Instance.Inject(activity, headers, static (carrier, name, value) => ((Dictionary<string, string>)carrier!)[name] = value);

        Assert.Equal("traceparent,tracestate", string.Join(",", headers.Keys.Order(StringComparer.Ordinal)));
        Assert.Equal(activity.Id, headers["traceparent"]);
        Assert.Null(TraceContextPropagator.Instance.ExtractBaggage(headers, static (object? _, string _, out string? value, out IEnumerable<string>? values) =>
        {
            value = "user=canary";
            values = null;
        }));
        Assert.Contains("baggage", TraceContextPropagator.Instance.Fields, StringComparer.Ordinal);
    }
}
