using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Requests of all bands, by one client that may be critical, in front of destinations with places that are kept.</summary>
internal static class ReserveScene
{
    private const string Key = "blaze-urgent";
    private static readonly ClientsOptions Clients = new()
    {
        Keys = { ["urgent"] = new() { KeyHash = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(Key))), Band = PriorityBands.Critical } },
    };

    public static ClusterExtensions Of(double reserve, int? capacity = null, int? inFlight = null, int? tokens = null, int limit = 100) => FailoverScene.Calm with
    {
        Capacity = All(capacity),
        TokenCapacity = All(tokens),
        Admission = new() { MaxInFlight = inFlight, CriticalReserve = reserve, QueueLimit = limit },
    };

    public static Task<FailoverScene> StartAsync(ClusterExtensions cluster, int destinations = 1, string policy = "RoundRobin") =>
        FailoverScene.StartAsync(destinations, null, cluster, change: config => config with { LoadBalancingPolicy = policy }, clients: Clients);

    public static Task<Caller> SendAsync(FailoverScene scene, string band, string model = "m") => scene.SendAsync(
        Encoding.UTF8.GetBytes($$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{band}}"}]}"""),
        headers: [("Authorization", "Bearer " + Key), ("x-gateway-inference-objective", band)]);

    /// <summary>The next request that reached a destination, which must be of this band.</summary>
    public static async Task<Exchange> BeginsAsync(FailoverScene scene, string band)
    {
        var (exchange, _) = await scene.NextAsync();
        Assert.Contains(band, Encoding.UTF8.GetString(await exchange.Body), StringComparison.Ordinal);
        return exchange;
    }

    public static Task WaitingAsync(FailoverScene scene, int count)
    {
        var admissions = scene.Host.Get<Admissions>();
        return Waiting.UntilAsync(() => admissions.Waiting == count, () => $"{admissions.Waiting} wait, not {count}.");
    }

    /// <summary>Answers it, and ends it well.</summary>
    public static async Task EndAsync(Caller caller, Exchange exchange)
    {
        await exchange.AnswerAsync(FailoverScene.Answer);
        await EndsAsync(caller);
    }

    public static async Task EndsAsync(Caller caller)
    {
        await caller.HeadAsync().Soon();
        await caller.EndAsync().Soon();
        Assert.Equal(200, caller.Status);
        await caller.DisposeAsync();
    }

    public static QueueReport Report(FailoverScene scene) => scene.Host.Get<Admissions>().Of(scene.Host.Cluster("llm")).Describe();

    private static Dictionary<string, int> All(int? most) => most is { } number ? new(StringComparer.OrdinalIgnoreCase) { ["*"] = number } : [];
}
