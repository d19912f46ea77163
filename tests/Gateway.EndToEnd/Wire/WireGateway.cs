namespace BlazeGateway.EndToEnd.Wire;

/// <summary>A gateway in front of one recording destination, with a route that reads inference requests and one that does not.</summary>
public sealed class WireGateway : IAsyncLifetime
{
    internal RecordingDestination Destination { get; } = new("X-Blaze-Error: forged\r\nX-BLAZE-Destination: forged\r\nX-Blaze-New: forged\r\n");

    internal GatewayFixture Gateway { get; private set; } = null!;

    internal Uri Address => Gateway.Host.Listeners.ProxyAddresses[0];

    /// <summary>routes.json: <c>/v1/</c> is read as inference, <c>/plain/</c> is not, <c>/named/</c> names its methods.</summary>
    internal static string Routes(Uri destination) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "ai": { "ClusterId": "ai", "Match": { "Path": "/v1/{**rest}" } },
              "plain": { "ClusterId": "plain", "Match": { "Path": "/plain/{**rest}" } },
              "named": { "ClusterId": "plain", "Match": { "Path": "/named/{**rest}", "Methods": [ "GET", "TRACE" ] } }
            },
            "Clusters": {
              "ai": {
                "Destinations": { "d": { "Address": "{{destination}}" } },
                "Extensions": { "ModelServer": { "Kind": "vllm", "Models": [ "m" ] } }
              },
              "plain": {
                "HealthCheck": { "Passive": { "Enabled": true, "Policy": "TransportFailureRate" } },
                "Destinations": { "d": { "Address": "{{destination}}" } }
              }
            }
          }
        }
        """;

    public async ValueTask InitializeAsync() => Gateway = await GatewayFixture.StartAsync(Routes(Destination.Address));

    public async ValueTask DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        await Destination.DisposeAsync();
    }
}
