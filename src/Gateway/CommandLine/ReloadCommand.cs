using System.CommandLine;
using System.Net.Http.Headers;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze reload</c>: makes a running gateway read its files now.</summary>
internal static class ReloadCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Option<string> AdminUrl = new("--admin-url") { Description = "Address of the admin listener.", DefaultValueFactory = static _ => "http://127.0.0.1:8090" };

    internal static Command Create()
    {
        var command = new Command("reload", "Makes a running gateway read its configuration now; prints what changed, or why it was refused (exit 2).") { AdminUrl };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var url = parsed.GetValue(AdminUrl)!;
        if (!Uri.TryCreate(url.TrimEnd('/') + "/api/v1/config/reload", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync($"--admin-url is '{url}'; it must start with http:// or https://.");
            return ExitCodes.InvalidConfiguration;
        }

        using var client = new HttpClient { Timeout = Patience };
        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await client.PostAsync(address, content, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            await (response.IsSuccessStatusCode ? Console.Out : Console.Error).WriteLineAsync(text.AsMemory(), cancellationToken);
            return response.IsSuccessStatusCode ? ExitCodes.Ok : ExitCodes.InvalidConfiguration;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"No gateway answers at {url} ({e.GetBaseException().Message}); name its admin listener with --admin-url.");
            return ExitCodes.Failed;
        }
    }
}
