using System.Runtime.InteropServices;
using System.Text;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration;
using BlazeGateway.Hosting;
using BlazeGateway.Observability;

namespace BlazeGateway.CommandLine;

/// <summary>What is printed once the gateway serves: where, from what, and a command to try.</summary>
internal static class Banner
{
    /// <summary>The lines.</summary>
    /// <param name="host">The gateway, started.</param>
    /// <param name="sources">Where its configuration came from.</param>
    /// <param name="model">Model for the command to try; null leaves the command out.</param>
    public static string Write(GatewayHost host, ConfigurationSources sources, string? model = null)
    {
        var from = sources.InMemoryRoutes is { } text ? text.Name : sources.Show(sources.Files.Routes!);
        var proxy = host.Listeners.ProxyAddresses[0].ToString().TrimEnd('/');
        var admin = host.Listeners.AdminAddress.ToString().TrimEnd('/');
        var login = !host.Services.GetRequiredService<AdminTokens>().AreRequired ? "no login"
            : host.Listeners.IsAdminLocal || host.Listeners.IsAdminEncrypted ? "token needed"
            : "token needed, which travels unencrypted";
        var access = $"{(host.Listeners.IsAdminLocal ? "loopback only" : "reachable from other machines")}, {login}";
        var lines = new StringBuilder()
            .AppendLine($"BlazeGateway {BuildVersion.Current}   {RuntimeInformation.FrameworkDescription}   config: {from}")
            .AppendLine($"  proxy      {proxy}/v1")
            .AppendLine($"  admin      {admin}/   ({access})")
            .Append($"  metrics    {admin}/metrics");
        if (model is not null)
        {
            lines.AppendLine()
                .AppendLine("try:")
                .AppendLine($"  curl -N {proxy}/v1/chat/completions -H 'Content-Type: application/json' \\")
                .Append($$"""       -d '{"model":"{{model}}","stream":true,"messages":[{"role":"user","content":"Hello"}]}'""");
        }

        return lines.ToString();
    }
}
