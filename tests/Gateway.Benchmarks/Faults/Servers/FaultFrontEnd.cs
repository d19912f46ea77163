using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>A proxy in front of the servers that are broken.</summary>
/// <param name="Name">One of <see cref="All"/>.</param>
internal sealed record FaultFrontEnd(string Name)
{
    private const int IdleSeconds = 60;

    /// <summary>Every one there is, in the order of the table.</summary>
    public static IReadOnlyList<string> All { get; } = ["blaze", "yarp", "yarp+health", "nginx", "haproxy", "haproxy+tuned"];

    /// <summary>Whether it is the gateway, of which things are promised.</summary>
    public bool IsBlaze => Name == "blaze";

    private string Program => Name.Split('+')[0];

    private bool IsBare => !Name.Contains('+', StringComparison.Ordinal);

    /// <summary>Reads names separated by commas, and leaves out what is not installed, which <paramref name="log"/> is told.</summary>
    /// <exception cref="ArgumentException">One is not known, or none can run.</exception>
    public static IReadOnlyList<FaultFrontEnd> Parse(string names, TextWriter log)
    {
        var known = new List<FaultFrontEnd>();
        foreach (var name in names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal))
        {
            var one = All.Contains(name, StringComparer.Ordinal)
                ? new FaultFrontEnd(name)
                : throw new ArgumentException($"--front-ends names '{name}', which is not known; known are {string.Join(", ", All)}.");
            try
            {
                _ = one.Program is "nginx" or "haproxy" ? Lab.Find(one.Program) : null;
                known.Add(one);
            }
            catch (FileNotFoundException missing)
            {
                log.WriteLine($"skipped {name}: {missing.Message}");
            }
        }

        return known.Count > 0 ? known : throw new ArgumentException($"--front-ends is '{names}'; none of them can run here: name one that is installed.");
    }

    /// <summary>How to start it in front of <paramref name="destinations"/>, all balanced round robin. <paramref name="admin"/> is where the gateway tells what it knows; null of others.</summary>
    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    public ServerPlan Plan(Lab lab, IReadOnlyList<Uri> destinations, GatewaySettings settings, out Uri? admin)
    {
        admin = IsBlaze ? Lab.Address(Lab.FreePort()) : null;
        return Program switch
        {
            "blaze" => settings.Plan(lab, destinations, admin!),
            "yarp" => Yarp(destinations),
            _ => Peer(lab, destinations),
        };
    }

    private ServerPlan Yarp(IReadOnlyList<Uri> destinations)
    {
        var url = Lab.Address(Lab.FreePort());
        string[] health = IsBare ? [] : ["--health"];
        var (file, arguments) = Lab.Program(
            Lab.Self, ["minimal-yarp", "--url", url.ToString(), "--policy", "RoundRobin", .. health, .. destinations.SelectMany(address => new[] { "--destination", address.ToString() })]);
        return new ServerPlan { FileName = file, Arguments = arguments, Url = url, ReadyUrl = new Uri(url, "/health") };
    }

    private ServerPlan Peer(Lab lab, IReadOnlyList<Uri> destinations)
    {
        var port = Lab.FreePort();
        var isNginx = Program == "nginx";
        var cluster = new PeerCluster { Destinations = destinations, Balance = isNginx ? "" : "balance roundrobin", IdleSeconds = IdleSeconds, IsTuned = !IsBare };
        var file = lab.Write($"{Program}-{port}.conf", isNginx ? PeerConfigurations.Nginx(lab.Directory, port, cluster) : PeerConfigurations.Haproxy(port, cluster));
        return new ServerPlan
        {
            FileName = Lab.Find(Program),
            Arguments = isNginx ? ["-p", lab.Directory, "-c", file] : ["-db", "-f", file],
            Url = Lab.Address(port),
            ReadyUrl = Lab.Address(port, "/health"),
        };
    }
}
