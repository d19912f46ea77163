using System.Globalization;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>Reads how many bytes a server has allocated so far.</summary>
internal static class AllocationProbe
{
    private static readonly string[] Counters = ["blaze_process_allocated_bytes_total", "dotnet_gc_allocated_bytes_total", "dotnet_total_allocated_bytes"];

    /// <summary>The bytes, or null when the server does not tell.</summary>
    public static async Task<double?> ReadAsync(Uri? url, HttpClient client, CancellationToken cancellation)
    {
        if (url is null)
        {
            return null;
        }

        using var response = await client.GetAsync(url, cancellation);
        return response.IsSuccessStatusCode ? Parse(await response.Content.ReadAsStringAsync(cancellation)) : null;
    }

    private static double? Parse(string text)
    {
        if (Number(text) is { } alone)
        {
            return alone;
        }

        foreach (var line in text.Split('\n'))
        {
            var space = line.LastIndexOf(' ');
            if (space > 0 && Counters.Contains(line[..space].Split('{')[0], StringComparer.Ordinal))
            {
                return Number(line[space..]);
            }
        }

        return null;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
}
