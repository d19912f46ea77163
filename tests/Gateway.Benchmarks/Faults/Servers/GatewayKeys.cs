using System.Diagnostics;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults.Servers;

/// <summary>The keys a gateway's program knows, by its own schema: one of another version may be measured, and a key it does not know stops it.</summary>
internal static class GatewayKeys
{
    /// <summary>Whether <paramref name="blaze"/> knows a key of this name.</summary>
    public static async Task<bool> HasAsync(string blaze, string key, CancellationToken cancellation)
    {
        var (file, arguments) = Lab.Program(blaze, "schema");
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var schema = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return schema.Contains($"\"{key}\"", StringComparison.Ordinal);
    }
}
