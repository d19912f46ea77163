using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// The name a client calls the gateway by. The server lets names pass that the framework cannot write into <c>X-Forwarded-Host</c>, where it fails
/// as if the gateway were at fault.
/// </summary>
internal static class HostName
{
    private const int LongestLabel = 63;
    private const int LongestName = 254;

    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%-.:[]");

    /// <summary>Whether <paramref name="host"/> can be passed on: plain characters only, or labels of 1 to 63 and 254 characters in all.</summary>
    public static bool IsSound(HostString host)
    {
        var name = host.Value.AsSpan();
        if (!name.ContainsAnyExcept(Plain))
        {
            return true;
        }

        var port = name.LastIndexOf(':');
        name = port < 0 ? name : name[..port];
        if (name.EndsWith('.'))
        {
            name = name[..^1];
        }

        return name.Length is > 0 and <= LongestName && HasSoundLabels(name);
    }

    private static bool HasSoundLabels(ReadOnlySpan<char> name)
    {
        foreach (var label in name.Split('.'))
        {
            if (name[label].Length is 0 or > LongestLabel)
            {
                return false;
            }
        }

        return true;
    }
}
