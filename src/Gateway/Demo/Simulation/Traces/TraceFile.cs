using System.IO.Compression;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>Reads requests that were written down elsewhere, gzipped or not.</summary>
internal static class TraceFile
{
    /// <summary>The formats by what a first line must be; one more is one line here and a class beside the others.</summary>
    private static readonly (Func<string, bool> Begins, Func<ITraceFormat> Create, string Name)[] Formats =
    [
        (static line => line == AzureTrace.Heading, static () => new AzureTrace(), $"a line '{AzureTrace.Heading}' (Azure)"),
        (static line => line.StartsWith('{') && line.Contains("\"hash_ids\"", StringComparison.Ordinal), static () => new MooncakeTrace(), "a JSON object with hash_ids (Mooncake)"),
        (DecisionTrace.Begins, static () => new DecisionTrace(), "a JSON object with requestId and strategy (decisions of a gateway)"),
    ];

    /// <summary>The requests of <paramref name="path"/>, the first at 0 s.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scale">How many times as quick they come.</param>
    /// <param name="most">Most requests to read.</param>
    /// <exception cref="TraceException">It cannot be read, or a line is none of its format.</exception>
    public static IReadOnlyList<WorkloadRequest> Read(string path, double scale, int most)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var text = new StreamReader(IsZipped(file) ? new GZipStream(file, CompressionMode.Decompress) : file);
            return Read(path, text, scale, most);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new TraceException($"The trace '{path}' cannot be read: {error.Message}");
        }
    }

    private static IReadOnlyList<WorkloadRequest> Read(string path, StreamReader text, double scale, int most)
    {
        var read = new List<TraceRequest>();
        ITraceFormat? format = null;
        for (var number = 1; read.Count < most && text.ReadLine() is { } line; number++)
        {
            line = line.Trim();
            if (line.Length == 0)
            {
                continue;
            }

            var isFirst = format is null;
            format ??= Of(path, number, line);
            if (isFirst && format.HasHeading)
            {
                continue;
            }

            try
            {
                if (format.Read(line) is { } request)
                {
                    read.Add(request);
                }
            }
            catch (FormatException error)
            {
                throw new TraceException($"{path} line {number}: {error.Message}. Correct the line or take it out.");
            }
        }

        if (read.Count == 0)
        {
            throw new TraceException($"The trace '{path}' has no requests; it must have one at least. Give another file with --trace.");
        }

        var first = read.Min(request => request.At);
        return [.. read.Select(request => new WorkloadRequest((request.At - first).TotalSeconds / scale, request.Session, request.Parts, request.AnswerTokens)).OrderBy(request => request.At)];
    }

    private static ITraceFormat Of(string path, int number, string line)
    {
        foreach (var (begins, create, _) in Formats)
        {
            if (begins(line))
            {
                return create();
            }
        }

        throw new TraceException(
            $"{path} line {number} is '{(line.Length > 60 ? line[..60] + "…" : line)}'; a trace must begin with {string.Join(", or ", Formats.Select(format => format.Name))}. Give a file of one of these formats, gzipped or not.");
    }

    private static bool IsZipped(FileStream file)
    {
        var isZipped = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        return isZipped;
    }
}
