using System.Text.Json;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>A proxy and its way of balancing, in front of the model servers of a scenario.</summary>
/// <param name="Name">As it was asked for, such as <c>nginx:least_conn+weights</c>.</param>
/// <param name="Proxy"><c>blaze</c>, <c>yarp</c>, <c>nginx</c> or <c>haproxy</c>.</param>
/// <param name="Balance">Its way of balancing: a strategy of ours, a policy of YARP, or one of <see cref="NginxBalances"/> and <see cref="HaproxyBalances"/>.</param>
/// <param name="IsWeighted">Whether it is told how fast each server is.</param>
internal sealed record FrontEnd(string Name, string Proxy, string Balance, bool IsWeighted)
{
    private const string Weights = "+weights";

    // Silence while a request queues in front of a slow model is no failure; every proxy waits as long as ours does for a first byte.
    private const int IdleSeconds = 300;

    private static readonly Dictionary<string, string> NginxBalances = new(StringComparer.Ordinal)
    {
        ["round_robin"] = "",
        ["least_conn"] = "least_conn;",
        ["hash"] = $"hash $http_{RequestWriter.SessionField.Replace('-', '_')} consistent;",
    };

    private static readonly Dictionary<string, string> HaproxyBalances = new(StringComparer.Ordinal)
    {
        ["roundrobin"] = "balance roundrobin",
        ["leastconn"] = "balance leastconn",
        ["hash"] = $"balance hdr({RequestWriter.SessionField})\n  hash-type consistent",
    };

    /// <summary>Reads <c>proxy:balance</c> or <c>proxy:balance+weights</c>.</summary>
    /// <exception cref="ArgumentException">There is no such proxy or way of balancing.</exception>
    public static FrontEnd Parse(string name)
    {
        var isWeighted = name.EndsWith(Weights, StringComparison.Ordinal);
        var parts = (isWeighted ? name[..^Weights.Length] : name).Split(':');
        if (parts is not [var proxy, { Length: > 0 } balance])
        {
            throw new ArgumentException($"Variant '{name}' must be written proxy:balance, such as blaze:LeastConnections or nginx:least_conn+weights.");
        }

        var known = proxy switch
        {
            "nginx" => NginxBalances.Keys,
            "haproxy" => HaproxyBalances.Keys,
            "blaze" or "yarp" => null as IEnumerable<string>,
            _ => throw new ArgumentException($"Variant '{name}' names the proxy '{proxy}'; known are blaze, yarp, nginx and haproxy."),
        };
        if (known is not null && !known.Contains(balance, StringComparer.Ordinal))
        {
            throw new ArgumentException($"Variant '{name}' balances by '{balance}'; {proxy} can be asked for {string.Join(", ", known)}.");
        }

        return proxy == "yarp" && isWeighted
            ? throw new ArgumentException($"Variant '{name}' asks YARP for weights, which it does not know; leave out {Weights}.")
            : new FrontEnd(name, proxy, balance, isWeighted);
    }

    /// <summary>Whether it is one of ours.</summary>
    public bool IsBlaze => Proxy == "blaze";

    /// <summary>Weights that say how fast servers are: 20 for speed 1.</summary>
    public static IReadOnlyList<int> WeightsOf(IEnumerable<double> speeds) => [.. speeds.Select(speed => Math.Clamp((int)Math.Round(20 * speed), 1, 256))];

    /// <summary>How to start it in front of <paramref name="destinations"/>, which have these <paramref name="speeds"/> and are of this <paramref name="kind"/>.</summary>
    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    public ServerPlan Plan(Lab lab, IReadOnlyList<Uri> destinations, IReadOnlyList<double> speeds, string kind = "vllm")
    {
        var weights = IsWeighted ? WeightsOf(speeds) : null;
        return Proxy switch
        {
            "blaze" => Blaze(lab, destinations, weights, kind),
            "yarp" => Yarp(destinations),
            _ => Peer(lab, destinations, weights),
        };
    }

    private ServerPlan Blaze(Lab lab, IReadOnlyList<Uri> destinations, IReadOnlyList<int>? weights, string kind)
    {
        var (port, admin) = (Lab.FreePort(), Lab.FreePort());
        Dictionary<string, T> ById<T>(IEnumerable<T> values) => values.Index().ToDictionary(one => $"d{one.Index}", one => one.Item, StringComparer.Ordinal);
        var cluster = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["ModelServer"] = new { Kind = kind, Models = new[] { RealFleet.Model } },
            ["Timeouts"] = new { BetweenChunks = TimeSpan.FromSeconds(IdleSeconds) },
        };
        if (weights is not null)
        {
            cluster["Weights"] = ById(weights);
        }

        var routes = lab.Write($"routes-{port}.json", JsonSerializer.Serialize(new
        {
            ReverseProxy = new
            {
                Routes = new { all = new { ClusterId = "servers", Match = new { Path = "{**rest}" } } },
                Clusters = new { servers = new { LoadBalancingPolicy = Balance, Destinations = ById(destinations.Select(address => new { Address = address })), Extensions = cluster } },
            },
        }));
        var (file, arguments) = Lab.Program(lab.Blaze, "run", "--config", routes, "--urls", $"http://127.0.0.1:{port}", "--admin-url", $"http://127.0.0.1:{admin}");
        return new ServerPlan { FileName = file, Arguments = arguments, Url = Lab.Address(port), ReadyUrl = Lab.Address(admin, "/readyz") };
    }

    private ServerPlan Yarp(IReadOnlyList<Uri> destinations)
    {
        var url = Lab.Address(Lab.FreePort());
        var (file, arguments) = Lab.Program(
            Lab.Self, ["minimal-yarp", "--url", url.ToString(), "--policy", Balance, .. destinations.SelectMany(address => new[] { "--destination", address.ToString() })]);
        return new ServerPlan { FileName = file, Arguments = arguments, Url = url, ReadyUrl = new Uri(url, "/health") };
    }

    private ServerPlan Peer(Lab lab, IReadOnlyList<Uri> destinations, IReadOnlyList<int>? weights)
    {
        var port = Lab.FreePort();
        var isNginx = Proxy == "nginx";
        var cluster = new PeerCluster
        {
            Destinations = destinations,
            Balance = (isNginx ? NginxBalances : HaproxyBalances)[Balance],
            Weights = weights,
            IdleSeconds = IdleSeconds,
            KeptConnections = 64 * destinations.Count,
        };
        var file = lab.Write($"{Proxy}-{port}.conf", isNginx ? PeerConfigurations.Nginx(lab.Directory, port, cluster) : PeerConfigurations.Haproxy(port, cluster));
        return new ServerPlan
        {
            FileName = Lab.Find(Proxy),
            Arguments = isNginx ? ["-p", lab.Directory, "-c", file] : ["-db", "-f", file],
            Url = Lab.Address(port),
            ReadyUrl = Lab.Address(port, "/health"),
        };
    }
}
