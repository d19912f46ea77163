using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>What a scenario sets of the gateway besides its defaults.</summary>
internal sealed record GatewaySettings
{
    /// <summary><c>Health:Eject</c>. Default: true, as the gateway's own.</summary>
    public bool Eject { get; init; } = true;

    /// <summary><c>CircuitBreaker:Enabled</c>. Default: true, as the gateway's own.</summary>
    public bool Breaker { get; init; } = true;

    /// <summary><c>Capacity</c> of each destination. Default: null, none is set.</summary>
    public int? Capacity { get; init; }

    /// <summary><c>Admission:QueueLimit</c>. Default: null, the gateway's own.</summary>
    public int? QueueLimit { get; init; }

    /// <summary><c>Admission:QueueTimeout</c>, seconds. Default: null, the gateway's own.</summary>
    public int? QueueSeconds { get; init; }

    /// <summary><c>Admission:CriticalReserve</c>. Default: 0, as the gateway's own.</summary>
    public double CriticalReserve { get; init; }

    /// <summary><c>Timeouts:FirstByte</c>, seconds. Default: null, the gateway's own.</summary>
    public int? FirstByteSeconds { get; init; }

    /// <summary>The route's <c>Continuation:Enabled</c>. Default: false, as the gateway's own.</summary>
    public bool Continuation { get; init; }

    /// <summary>Clients and their <c>Band</c>; the key of each is its name. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Clients { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Nothing but requests and what is done about each: destinations that fail stay in, and no breaker opens.</summary>
    public static GatewaySettings RequestsOnly { get; } = new() { Eject = false, Breaker = false };

    /// <summary>How to start a gateway of these in front of <paramref name="destinations"/>.</summary>
    public ServerPlan Plan(Lab lab, IReadOnlyList<Uri> destinations, Uri admin)
    {
        var url = Lab.Address(Lab.FreePort());
        var configuration = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["ReverseProxy"] = new
            {
                Routes = new { all = new { ClusterId = "servers", Match = new { Path = "{**rest}" }, Extensions = new { Inference = true, Continuation = new { Enabled = Continuation } } } },
                Clusters = new
                {
                    servers = new
                    {
                        LoadBalancingPolicy = "RoundRobin",
                        Destinations = destinations.Index().ToDictionary(one => $"d{one.Index}", one => new { Address = one.Item }, StringComparer.Ordinal),
                        Extensions = Cluster(),
                    },
                },
            },
        };
        if (Clients.Count > 0)
        {
            configuration["Clients"] = new
            {
                Keys = Clients.ToDictionary(
                    one => one.Key, one => new { KeyHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(one.Key))), Band = one.Value }, StringComparer.Ordinal),
            };
        }

        var file = lab.Write($"routes-{url.Port}.json", JsonSerializer.Serialize(configuration));
        var (program, arguments) = Lab.Program(lab.Blaze, "run", "--config", file, "--urls", url.ToString(), "--admin-url", admin.ToString());
        return new ServerPlan { FileName = program, Arguments = arguments, Url = url, ReadyUrl = new Uri(admin, "/readyz") };
    }

    private Dictionary<string, object> Cluster()
    {
        var cluster = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["ModelServer"] = new { Kind = "vllm", Models = new[] { FaultFleet.Model } },
            ["Health"] = new { Eject },
        };
        if (!Breaker)
        {
            cluster["CircuitBreaker"] = new { Enabled = false };
        }

        if (Capacity is { } capacity)
        {
            cluster["Capacity"] = new Dictionary<string, int>(StringComparer.Ordinal) { ["*"] = capacity };
        }

        var admission = new Dictionary<string, object>(StringComparer.Ordinal);
        if (QueueLimit is { } limit)
        {
            admission["QueueLimit"] = limit;
        }

        if (QueueSeconds is { } seconds)
        {
            admission["QueueTimeout"] = TimeSpan.FromSeconds(seconds).ToString("c");
        }

        admission["CriticalReserve"] = CriticalReserve;
        cluster["Admission"] = admission;
        if (FirstByteSeconds is { } first)
        {
            cluster["Timeouts"] = new { FirstByte = TimeSpan.FromSeconds(first).ToString("c") };
        }

        return cluster;
    }
}
