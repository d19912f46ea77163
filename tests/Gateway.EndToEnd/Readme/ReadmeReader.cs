using System.Diagnostics;
using System.Runtime.InteropServices;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;
using BlazeGateway.Demo.ModelServer;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>
/// Somebody who types what the README says, with the addresses of this machine: simulated model servers where the page names model servers, ports of the
/// system's choice where it names ports. What is put in the place of what is listed here and nowhere else.
/// </summary>
internal sealed class ReadmeReader : IAsyncDisposable
{
    /// <summary>How often each curl is repeated.</summary>
    public const int Times = 20;

    private const string Clone = "git clone REPOSITORY BlazeGateway && cd BlazeGateway";
    private const string FromSource = "dotnet run --project src/Gateway -- ";
    private const string Published = "out/blaze ";

    private static readonly (string Address, string Kind, string Model)[] Servers =
    [
        ("http://127.0.0.1:8000", "vllm", "demo-small"),
        ("http://127.0.0.1:8001", "vllm", "llama-3.1-8b"),
        ("http://127.0.0.1:8002", "vllm", "llama-3.1-8b"),
        ("http://127.0.0.1:8003", "vllm", "qwen3-32b"),
        ("http://127.0.0.1:11434", "ollama", "llama3.2"),
    ];

    private readonly TemporaryDirectory _directory = new();
    private readonly List<(string Address, ModelServerHost Host)> _servers = [];
    private BlazeProcess? _gateway;

    private ReadmeReader()
    {
    }

    /// <summary>Requests made so far.</summary>
    public int Requests { get; private set; }

    private string Out => Path.Combine(_directory.Path, "out");

    public static async Task<ReadmeReader> StartAsync()
    {
        var reader = new ReadmeReader();
        Directory.CreateDirectory(Path.Combine(reader._directory.Path, "config"));
        reader._directory.Write(".curlrc", "silent\nshow-error\nfail-with-body\nmax-time = 60\nnoproxy = \"*\"\n");
        foreach (var (address, kind, model) in Servers)
        {
            reader._servers.Add((address, await ModelServerHost.StartAsync(new ModelServerHostOptions { Kind = kind, Models = [model] })));
        }

        return reader;
    }

    /// <summary>Runs the commands of a block.</summary>
    public async Task RunAsync(string block)
    {
        var lines = block.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var line in lines)
        {
            await (line switch
            {
                // Done already: the tests run in such a directory.
                Clone => Task.CompletedTask,

                // It would run this test again; its own syntax is what is left to check.
                "./test.sh" => InRootAsync("bash -n ./test.sh"),
                _ when line.StartsWith("dotnet publish ", StringComparison.Ordinal) => InRootAsync(
                    line.Replace("-o out", $"-o '{Out}'", StringComparison.Ordinal).Replace("linux-x64", RuntimeInformation.RuntimeIdentifier, StringComparison.Ordinal)),
                _ when line.StartsWith("curl ", StringComparison.Ordinal) => AskAsync(line),
                _ when line.Contains(" > ", StringComparison.Ordinal) =>
                    InDirectoryAsync(line.Replace(FromSource, $"dotnet '{Path.Combine(AppContext.BaseDirectory, "blaze.dll")}' ", StringComparison.Ordinal)),
                _ when line.StartsWith(FromSource, StringComparison.Ordinal) => ServeAsync(line[FromSource.Length..], executable: null),
                _ when line.StartsWith(Published, StringComparison.Ordinal) => ServeAsync(line[Published.Length..], Path.Combine(Out, "blaze")),
                _ => throw new InvalidOperationException($"No test knows how to run '{line}'."),
            });
        }
    }

    /// <summary>Saves a block as <c>config/routes.json</c>, which must be without a finding, and starts from it.</summary>
    public async Task SaveAsync(string json)
    {
        var file = _directory.Write(Path.Combine("config", "routes.json"), Here(json));
        var sources = new ConfigurationSources { Files = ConfigurationFiles.Find(file, _directory.Path, _directory.Path), WorkingDirectory = _directory.Path };
        await using (var services = OfflineServices.Create(sources))
        {
            var findings = await services.GetRequiredService<ConfigurationChecker>().CheckAsync(ConfigurationContent.Read(sources), null);
            Assert.Empty(findings.Errors);
        }

        await ServeAsync("run --config config/routes.json", executable: null);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var (_, host) in _servers)
        {
            await host.DisposeAsync();
        }

        _directory.Dispose();
    }

    private static void Check(string command, string answer)
    {
        if (command.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            var last = command.Contains("/v1/messages", StringComparison.Ordinal) ? "event: message_stop" : "data: [DONE]";
            Assert.Contains(last, answer, StringComparison.Ordinal);
            Assert.True(answer.Split("\ndata: ").Length > 5, $"{command} streamed too little:\n{answer}");
        }
        else if (command.Contains("/api/chat", StringComparison.Ordinal))
        {
            Assert.Contains("\"done\":true", answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1], StringComparison.Ordinal);
            Assert.True(answer.Split('\n').Length > 5, $"{command} streamed too little:\n{answer}");
        }
        else if (command.Contains(" -i ", StringComparison.Ordinal))
        {
            Assert.Matches(command.Contains("smart", StringComparison.Ordinal) ? "X-Blaze-Destination: gpu-c" : "X-Blaze-Destination: gpu-[ab]", answer);
        }

        Assert.False(string.IsNullOrWhiteSpace(answer), $"{command} printed nothing.");
    }

    private async Task AskAsync(string command)
    {
        var here = Here(command)
            .Replace("http://127.0.0.1:8080", _gateway!.Proxy.ToString().TrimEnd('/'), StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8090", _gateway.Admin.ToString().TrimEnd('/'), StringComparison.Ordinal);
        foreach (var (code, answer) in await Task.WhenAll(Enumerable.Range(0, Times).Select(_ => ShellAsync(here, _directory.Path))))
        {
            Assert.True(code == 0, $"{here} ended with {code}:\n{answer}\n{_gateway.Error}");
            Check(command, answer);
            Requests++;
        }
    }

    private async Task ServeAsync(string words, string? executable)
    {
        await StopAsync();
        string[] run = [.. Here(words).Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        Assert.True(run[0] is "run", $"'{words}' does not run the gateway.");

        // Both addresses are replaced by free ones.
        var rest = run.Skip(1).Where((word, i) => word is not ("--urls" or "--admin-url") && run[i] is not ("--urls" or "--admin-url"));
        _gateway = await BlazeProcess.ServeAsync(rest, _directory.Path, executable: executable);
    }

    private async Task StopAsync()
    {
        if (_gateway is not { } gateway)
        {
            return;
        }

        _gateway = null;
        gateway.Terminate();
        Assert.Equal(0, await gateway.ExitAsync());
        await gateway.DisposeAsync();
    }

    private Task InRootAsync(string command) => SucceedAsync(command, MarkdownPage.Root);

    private Task InDirectoryAsync(string command) => SucceedAsync(Here(command), _directory.Path);

    private async Task SucceedAsync(string command, string directory)
    {
        var (code, text) = await ShellAsync(command, directory);
        Assert.True(code == 0, $"{command} ended with {code}:\n{text}");
    }

    private string Here(string text) => _servers.Aggregate(
        text, (there, server) => there.Replace(server.Address, server.Host.Address.ToString().TrimEnd('/'), StringComparison.Ordinal));

    private async Task<(int Code, string Text)> ShellAsync(string command, string directory)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["CURL_HOME"] = _directory.Path;
        using var shell = Process.Start(start)!;
        var errors = shell.StandardError.ReadToEndAsync();
        var text = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return (shell.ExitCode, text + await errors);
    }
}
