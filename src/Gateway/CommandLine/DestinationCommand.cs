using System.CommandLine;
using System.Net;
using System.Text.Json;
using BlazeGateway.Api;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze drain</c> and <c>blaze resume</c>: takes a destination of a running gateway out, and puts it back.</summary>
internal sealed class DestinationCommand
{
    private readonly Argument<string> _cluster = new("cluster") { Description = "Cluster of the destination." };
    private readonly Argument<string> _destination = new("destination") { Description = "Destination, by its name in the configuration." };
    private readonly Option<string> _adminUrl = new("--admin-url") { Description = "Address of the admin listener.", DefaultValueFactory = static _ => "http://127.0.0.1:8090" };
    private readonly Option<string?> _token = AdminToken.Option("an operator");
    private readonly Option<string> _format = ConfigurationArguments.Format();
    private readonly string _verb;

    private DestinationCommand(string verb) => _verb = verb;

    public static Command CreateDrain() => new DestinationCommand("drain").Create("Sends a destination of a running gateway no new requests; those in flight end. Until 'resume', or the gateway's end.");

    public static Command CreateResume() => new DestinationCommand("resume").Create("Sends a destination that was drained requests again.");

    private Command Create(string description)
    {
        var command = new Command(_verb, description) { _cluster, _destination, _adminUrl, _token, _format };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var url = parsed.GetValue(_adminUrl)!;
        var path = $"{LoadBalancerEndpoints.Path}/clusters/{Uri.EscapeDataString(parsed.GetValue(_cluster)!)}/destinations/{Uri.EscapeDataString(parsed.GetValue(_destination)!)}/{_verb}";
        if (!Uri.TryCreate(url.TrimEnd('/') + path, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync($"--admin-url is '{url}'; it must start with http:// or https://.");
            return ExitCodes.InvalidConfiguration;
        }

        using var client = await AdminToken.ClientAsync(parsed.GetValue(_token), RunningGateway.Patience);
        if (client is null)
        {
            return ExitCodes.InvalidConfiguration;
        }

        try
        {
            using var answer = await client.PostAsync(address, null, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                await Console.Error.WriteLineAsync(RunningGateway.Refusal(url, answer.StatusCode, text).AsMemory(), cancellationToken);
                return ExitCodes.Failed;
            }

            var shown = parsed.GetValue(_format) == "json" ? text : Describe(parsed.GetValue(_cluster)!, JsonSerializer.Deserialize(text, LoadBalancerJson.Default.DestinationReport)!);
            await Console.Out.WriteLineAsync(shown.AsMemory(), cancellationToken);
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            await Console.Error.WriteLineAsync($"No gateway answers at {url} ({e.GetBaseException().Message}); name its admin listener with --admin-url.");
            return ExitCodes.Failed;
        }
    }

    private string Describe(string cluster, DestinationReport report) =>
        FormattableString.Invariant($"{cluster}/{report.Destination} is {report.State}; {report.InFlight} {(report.InFlight == 1 ? "request" : "requests")} in flight")
        + (_verb == "drain" && report.InFlight > 0 ? $". When it says 0 ('{Invocation.Words} drain' may be repeated), the server can be stopped." : ".");
}
