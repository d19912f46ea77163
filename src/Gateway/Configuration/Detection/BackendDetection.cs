using System.Collections.Immutable;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Finds out what stands at the addresses of <c>run --backend</c>, on free paths only, so that no file is needed to start.</summary>
internal static class BackendDetection
{
    /// <summary>Most backends on one command line.</summary>
    public const int MaxBackends = 64;

    private static readonly TimeSpan PathTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Asks every backend at the same time, at most 2 s each.</summary>
    /// <param name="backends">Values of <c>--backend</c>, in order.</param>
    /// <param name="time">Clock of the timeouts.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <returns>The gateway that serves them; a backend that is down is part of it.</returns>
    /// <exception cref="InvalidBackendException">A value is no usable address, there are too many, or one is given twice.</exception>
    public static async Task<DetectedGateway> DetectAsync(IReadOnlyList<string> backends, TimeProvider time, CancellationToken cancellationToken)
    {
        var addresses = Read(backends);
        using var connection = new BackendConnection(PathTimeout, time);
        var found = await Task.WhenAll(addresses.Select(a => BackendProbe.RunAsync(a.Id, a.Address, connection, cancellationToken)));
        return DetectedGateway.Build([.. found]);
    }

    private static List<(string Id, Uri Address)> Read(IReadOnlyList<string> backends)
    {
        if (backends.Count is 0 or > MaxBackends)
        {
            throw new InvalidBackendException($"--backend is given {backends.Count} times; between 1 and {MaxBackends} are taken. Use routes.json for more.");
        }

        var addresses = new List<(string Id, Uri Address)>();
        foreach (var value in backends)
        {
            if (!BackendAddress.TryRead(value, out var address, out var error))
            {
                throw new InvalidBackendException(error!);
            }

            if (addresses.Exists(a => a.Address == address))
            {
                throw new InvalidBackendException($"--backend names {address} twice; name each destination once.");
            }

            addresses.Add((Id(address!, addresses.ConvertAll(a => a.Id)), address!));
        }

        return addresses;
    }

    private static string Id(Uri address, List<string> taken)
    {
        var text = $"{address.IdnHost.Trim('[', ']')}-{address.Port}";
        var id = new string([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')]);
        id = id.Length > 60 ? id[^60..] : id;
        for (var i = 2; taken.Contains(id, StringComparer.OrdinalIgnoreCase); i++)
        {
            id = $"{text[..Math.Min(text.Length, 56)]}-{i}";
        }

        return id;
    }
}
