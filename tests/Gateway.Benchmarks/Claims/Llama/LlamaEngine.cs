using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Claims.Llama;

/// <summary>The program <c>server.mjs</c> around llama.cpp, in the directory <c>llama</c> beside this program, where npm installs the engine once.</summary>
internal sealed class LlamaEngine
{
    private static readonly TimeSpan s_installPatience = TimeSpan.FromMinutes(5);
    private readonly string _model;

    private LlamaEngine(string model) => _model = model;

    private static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "llama");

    /// <summary>Checks what the servers need, and installs the engine where it is not yet (30 s, 85 MB).</summary>
    /// <param name="model">A model as GGUF.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">The model is not there or is no GGUF.</exception>
    /// <exception cref="InvalidOperationException">Node.js or npm is missing, or npm failed.</exception>
    public static async Task<LlamaEngine> PrepareAsync(string model, TimeProvider time, CancellationToken cancellation)
    {
        RequireGguf(model);
        await RunAsync("node", ["--version"], time, cancellation);
        if (!System.IO.Directory.Exists(Path.Combine(Directory, "node_modules", "node-llama-cpp")))
        {
            // Optional are the engines of other machines and of graphics cards, 700 MB; scripts would build what is there already.
            await RunAsync("npm", ["install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], time, cancellation);
        }

        return new LlamaEngine(Path.GetFullPath(model));
    }

    /// <summary>How to start the servers of a scenario. One that computes prompts n times has the speed 1/n.</summary>
    public IReadOnlyList<(ServerPlan Plan, double Speed)> Servers(LlamaScenario scenario) => [.. scenario.Passes.Select(passes => (Plan(scenario, passes), 1.0 / passes))];

    private static void RequireGguf(string model)
    {
        if (!File.Exists(model))
        {
            throw new ArgumentException($"--model is '{model}', where no file is; name a model as GGUF, such as stories260K.gguf. None comes with this repository.");
        }

        using var file = File.OpenRead(model);
        Span<byte> magic = stackalloc byte[4];
        if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.SequenceEqual("GGUF"u8))
        {
            throw new ArgumentException($"--model is '{model}', which is no GGUF: its first bytes are not 'GGUF'. Convert it with llama.cpp's convert_hf_to_gguf.py.");
        }
    }

    private static async Task RunAsync(string program, string[] words, TimeProvider time, CancellationToken cancellation)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, words)
            {
                WorkingDirectory = Directory,
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException($"'{program}' cannot be started; install Node.js 20 or later with npm, by which llama.cpp is run: {error.Message}", error);
        }

        using var patience = new CancellationTokenSource(s_installPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"'{program} {string.Join(' ', words)}' in {Directory} ended with {process.ExitCode}; llama.cpp's engine is not installed:\n{await output}{await errors}");
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private ServerPlan Plan(LlamaScenario scenario, int passes)
    {
        string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
        return new ServerPlan
        {
            FileName = "node",
            Arguments =
            [
                Path.Combine(Directory, "server.mjs"), "--model", _model, "--name", RealFleet.Model,
                "--slots", Text(scenario.Slots), "--context", Text(scenario.SlotTokens), "--passes", Text(passes),
            ],
            Url = Lab.Address(0),
            Announcement = "READY ",
        };
    }
}
