using System.Net;
using System.Text;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>A look at the availability inside a running gateway, and requests to it.</summary>
internal sealed class Destinations(GatewayFixture gateway)
{
    public const string Chat = """{"model":"demo-small","max_tokens":2,"messages":[{"role":"user","content":"Hello"}]}""";
    public const string Stream = """{"model":"demo-small","stream":true,"max_tokens":20,"messages":[{"role":"user","content":"Hello"}]}""";

    public AvailabilityRegistry Registry { get; } = gateway.Host.Services.GetRequiredService<AvailabilityRegistry>();

    public ClusterState Cluster => gateway.Host.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("llm", out var cluster)
        ? cluster
        : throw new InvalidOperationException("There is no cluster 'llm'.");

    public string StateOf(string id) => Word(id).State.Name();

    public AvailabilityWord Word(string id) => Registry.Of(Cluster.Destinations[id]).Word;

    public AvailabilityFacts Facts(string id) => Registry.Of(Cluster.Destinations[id]).Facts;

    public int Ejected() => Cluster.Destinations.Keys.Count(id => StateOf(id) == "ejected");

    /// <summary>Requests that are on their way now.</summary>
    public int InFlight => gateway.Host.Services.GetRequiredService<RequestContextPool>().InFlight;

    /// <summary>Waits until nothing is on its way any more: an attempt's end is told a moment after its answer is complete.</summary>
    public Task RestAsync() => Eventually.TrueAsync(() => InFlight == 0);

    public Task<HttpResponseMessage> SendAsync(string body = Chat, string path = "/v1/chat/completions", CancellationToken cancellationToken = default) =>
        gateway.Proxy.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), cancellationToken);

    /// <summary>Requests the destination has answered well, by the gateway's metrics.</summary>
    public async Task<int> AnsweredAsync(string id)
    {
        var name = $"blaze_destination_requests_total{{cluster=\"llm\",destination=\"{id}\",result=\"ok\"}} ";
        var line = (await gateway.Admin.GetStringAsync("/metrics")).Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line.AsSpan(name.Length), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task<HttpStatusCode> StatusAsync(string body = Chat)
    {
        using var answer = await SendAsync(body);
        return answer.StatusCode;
    }
}
