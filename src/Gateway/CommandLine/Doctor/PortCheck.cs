using System.Net;
using System.Net.Sockets;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Hosting;

namespace BlazeGateway.CommandLine.Doctor;

/// <summary>Whether the configured ports are free, or held by a gateway that already runs.</summary>
internal static class PortCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Finding>> RunAsync(ProcessOptions process, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        var runs = await IsOursAsync(process.Admin.Url, cancellationToken);
        Look(process.Proxy.Urls, "Proxy:Urls", "--urls", runs, findings);
        Look(process.Admin.Url, "Admin:Url", "--admin-url", runs, findings);
        return findings;
    }

    private static void Look(string urls, string key, string option, bool runs, List<Finding> findings)
    {
        IReadOnlyList<ListenAddress> addresses;
        try
        {
            addresses = ListenAddress.ParseAll(urls, key);
        }
        catch (FormatException exception)
        {
            findings.Add(new Finding(Verdict.Fail, "ports", exception.Message, $"correct {key} or give {option}"));
            return;
        }

        foreach (var address in addresses)
        {
            var endpoint = new IPEndPoint(address.Address ?? (address.IsLocalhost ? IPAddress.Loopback : IPAddress.Any), address.Port);
            findings.Add(ListenObstacles.Bind(address) switch
            {
                null => new Finding(Verdict.Ok, "ports", $"{endpoint} is free ({key})"),
                SocketError.AddressAlreadyInUse when runs => new Finding(Verdict.Ok, "ports", $"{endpoint} is held by the gateway that runs ({key})"),
                SocketError.AddressAlreadyInUse => new Finding(Verdict.Fail, "ports", $"{endpoint} is taken by another process", $"end it, or choose another by {option} or {key}"),
                SocketError.AccessDenied => new Finding(Verdict.Fail, "ports", $"{endpoint} may not be bound by this user", $"choose a port from 1024 up by {option} or {key}"),
                var error => new Finding(Verdict.Fail, "ports", $"{endpoint} cannot be bound: {error}", $"correct {option} or {key}"),
            });
        }
    }

    private static async Task<bool> IsOursAsync(string adminUrl, CancellationToken cancellationToken)
    {
        try
        {
            var address = ListenAddress.Parse(adminUrl, "Admin:Url");
            if (address.Port == 0)
            {
                return false;
            }

            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience, MaxResponseContentBufferSize = 1 << 20 };
            using var answer = await client.GetAsync(address.Reachable(address.Port), cancellationToken);
            return answer.Headers.WwwAuthenticate.ToString().Contains(AdminTokenHandler.Realm, StringComparison.Ordinal)
                || (await answer.Content.ReadAsStringAsync(cancellationToken)).Contains("<title>BlazeGateway</title>", StringComparison.Ordinal);
        }
        catch (FormatException)
        {
            return false;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
