using System.CommandLine;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze healthcheck</c>: asks a running gateway whether it is ready; for containers without curl.</summary>
internal static class HealthcheckCommand
{
    private const int ShownLength = 200;
    private static readonly Option<string> Url = new("--url") { Description = "Address asked.", DefaultValueFactory = static _ => "http://127.0.0.1:8090/readyz" };
    private static readonly Option<double> Timeout = new("--timeout") { Description = "Seconds to wait.", DefaultValueFactory = static _ => 5 };

    internal static Command Create()
    {
        Timeout.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 300))
            {
                result.AddError("--timeout must be above 0 and at most 300 seconds.");
            }
        });
        var command = new Command("healthcheck", "Asks a running gateway whether it is ready. Exit code 0 when it is, 1 when not.") { Url, Timeout };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(Url)!, TimeSpan.FromSeconds(parsed.GetValue(Timeout)), parsed.InvocationConfiguration.Output, cancellationToken));
        return command;
    }

    /// <summary>Writes one line to <paramref name="output"/> and returns the exit code.</summary>
    internal static async Task<int> RunAsync(string url, TimeSpan timeout, TextWriter output, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            await output.WriteLineAsync($"--url '{url}' is not an http or https address; write for example http://127.0.0.1:8090/readyz");
            return ExitCodes.InvalidConfiguration;
        }

        address = address.AbsolutePath == "/" ? new Uri(address, "/readyz") : address;
        try
        {
            using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
            using var client = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = 1 << 20 };
            using var answer = await client.GetAsync(address, cancellationToken);
            var text = FirstLine(await answer.Content.ReadAsStringAsync(cancellationToken));
            await output.WriteLineAsync(answer.IsSuccessStatusCode ? text : $"{(int)answer.StatusCode} from {address}: {text}");
            return answer.IsSuccessStatusCode ? ExitCodes.Ok : ExitCodes.Failed;
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await output.WriteLineAsync($"{address} did not answer within {timeout.TotalSeconds} s");
        }
        catch (HttpRequestException exception)
        {
            await output.WriteLineAsync($"{address} cannot be asked: {exception.Message}");
        }

        return ExitCodes.Failed;
    }

    private static string FirstLine(string text)
    {
        var line = text.AsSpan().TrimStart();
        var end = line.IndexOfAny('\r', '\n');
        line = end < 0 ? line : line[..end];
        return line.Length <= ShownLength ? line.ToString() : string.Concat(line[..ShownLength], "…");
    }
}
