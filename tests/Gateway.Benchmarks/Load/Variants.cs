using System.Collections.Frozen;
using System.Text.Json;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>The servers a run can compare, by name; each is a way to make a <see cref="ServerPlan"/>.</summary>
internal static class Variants
{
    /// <summary>The model server without anything in front.</summary>
    public const string Direct = "direct";

    public const string MinimalYarpName = "minimal-yarp";

    private static readonly FrozenDictionary<string, Func<Lab, ServerPlan>> Known = new Dictionary<string, Func<Lab, ServerPlan>>(StringComparer.Ordinal)
    {
        [MinimalYarpName] = Yarp,
        ["blaze"] = Blaze,
        ["nginx"] = Nginx,
        ["haproxy"] = Haproxy,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The plan for a name; null for <see cref="Direct"/>, which needs no server of its own.</summary>
    /// <param name="variant">
    /// A known name, or <c>name=command</c>, split at spaces, with {port}, {admin} and {destination} filled in.
    /// </param>
    /// <param name="lab">Where it will run.</param>
    /// <exception cref="ArgumentException">The name is not known.</exception>
    public static ServerPlan? Plan(string variant, Lab lab)
    {
        if (variant == Direct)
        {
            return null;
        }

        if (variant.IndexOf('=', StringComparison.Ordinal) is var at and > 0)
        {
            return Custom(variant[(at + 1)..], lab);
        }

        return Known.TryGetValue(variant, out var plan)
            ? plan(lab)
            : throw new ArgumentException($"Variant '{variant}' is not known; known are {Direct}, {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}, or name=command.");
    }

    public static string NameOf(string variant) => variant.Split('=')[0];

    private static ServerPlan Yarp(Lab lab)
    {
        var url = Lab.Address(Lab.FreePort());
        var (file, arguments) = Lab.Program(Lab.Self, "minimal-yarp", "--url", url.ToString(), "--destination", lab.ModelServer.ToString());
        return new ServerPlan
        {
            FileName = file,
            Arguments = arguments,
            Url = url,
            ReadyUrl = new Uri(url, MinimalYarp.AllocatedPath),
            AllocatedUrl = new Uri(url, MinimalYarp.AllocatedPath),
        };
    }

    private static ServerPlan Blaze(Lab lab)
    {
        var port = Lab.FreePort();
        var admin = Lab.FreePort();
        var routes = lab.Write("routes.json", JsonSerializer.Serialize(new
        {
            ReverseProxy = new
            {
                Routes = new { all = new { ClusterId = "servers", Match = new { Path = "{**rest}" } } },
                Clusters = new
                {
                    servers = new
                    {
                        Destinations = new { one = new { Address = lab.ModelServer } },
                        Extensions = new { ModelServer = new { Kind = "vllm", Models = new[] { lab.Model } } },
                    },
                },
            },
        }));
        var (file, arguments) = Lab.Program(
            lab.Blaze, "run", "--config", routes, "--urls", $"http://127.0.0.1:{port}", "--admin-url", $"http://127.0.0.1:{admin}");
        return new ServerPlan
        {
            FileName = file,
            Arguments = arguments,
            Url = Lab.Address(port),
            ReadyUrl = Lab.Address(admin, "/readyz"),
            AllocatedUrl = Lab.Address(admin, "/metrics"),
        };
    }

    private static ServerPlan Nginx(Lab lab)
    {
        var port = Lab.FreePort();
        var file = lab.Write("nginx.conf", PeerConfigurations.Nginx(lab.Directory, port, new PeerCluster { Destinations = [lab.ModelServer] }));
        return new ServerPlan { FileName = Lab.Find("nginx"), Arguments = ["-p", lab.Directory, "-c", file], Url = Lab.Address(port) };
    }

    private static ServerPlan Haproxy(Lab lab)
    {
        var port = Lab.FreePort();
        var file = lab.Write("haproxy.cfg", PeerConfigurations.Haproxy(port, new PeerCluster { Destinations = [lab.ModelServer] }));
        return new ServerPlan { FileName = Lab.Find("haproxy"), Arguments = ["-db", "-f", file], Url = Lab.Address(port) };
    }

    private static ServerPlan Custom(string command, Lab lab)
    {
        var port = Lab.FreePort();
        var parts = command
            .Replace("{port}", $"{port}", StringComparison.Ordinal)
            .Replace("{admin}", $"{Lab.FreePort()}", StringComparison.Ordinal)
            .Replace("{destination}", lab.ModelServer.ToString(), StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new ServerPlan { FileName = parts[0], Arguments = parts[1..], Url = Lab.Address(port) };
    }
}
