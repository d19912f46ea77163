using System.Diagnostics;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Policies.Pipeline;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace BlazeGateway.Observability;

/// <summary>The front door of tracing.</summary>
internal static class TracingExtensions
{
    /// <summary>The port OTLP reserves for gRPC; every other is spoken to by HTTP.</summary>
    private const int GrpcPort = 4317;

    /// <summary>
    /// Passes W3C trace context on and, when an endpoint is configured, exports spans of the requests <paramref name="isData"/> accepts (null: of all).
    /// Without an endpoint no listener exists and no span is made.
    /// </summary>
    public static IServiceCollection AddTelemetryExport(this IServiceCollection services, OtlpOptions options, Func<HttpContext, bool>? isData = null)
    {
        services.AddSingleton<DistributedContextPropagator>(TraceContextPropagator.Instance);
        if (options.Endpoint.Length == 0)
        {
            return services;
        }

        var endpoint = Endpoint(options.Endpoint);
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("blaze-gateway", serviceVersion: BuildVersion.Current))
            .WithTracing(tracing => tracing
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.SampleRatio)))
                .AddSource(RequestTracing.SourceName)
                .AddAspNetCoreInstrumentation(instrumentation =>
                {
                    instrumentation.Filter = isData;
                    instrumentation.EnrichWithHttpRequest = static (activity, _) =>
                    {
                        activity.SetTag("url.query", null);
                        activity.SetTag("user_agent.original", null);
                    };
                })
                .AddOtlpExporter(exporter =>
                {
                    exporter.Protocol = endpoint.Port == GrpcPort ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
                    exporter.Endpoint = endpoint;
                    exporter.Headers = options.Headers;
                }));
        return services;
    }

    private static Uri Endpoint(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"Telemetry:Otlp:Endpoint is '{text}'; it must be an absolute http or https URL such as http://127.0.0.1:4318.");
        }

        return uri.AbsolutePath == "/" && uri.Port != GrpcPort ? new Uri(uri, "/v1/traces") : uri;
    }
}
