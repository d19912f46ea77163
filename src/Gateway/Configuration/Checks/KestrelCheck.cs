using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Sets each of <c>Kestrel:Limits</c> on limits of its own, because Kestrel keeps the rules for the values to itself.</summary>
internal static class KestrelCheck
{
    private static readonly KeyPath Limits = KeyPath.Of("Kestrel", "Limits");

    public static void Check(ConfigurationNode root, ConfigurationErrors errors)
    {
        if (root.Find(Limits) is not { } limits)
        {
            return;
        }

        var areSound = true;
        foreach (var member in limits.Members)
        {
            var one = new ConfigurationNode(NodeKind.Object, null, default);
            one.Members.Add(member);
            if (Refusal(one, member.Key) is { } refusal)
            {
                areSound = false;
                var path = Limits.Then(member.Key);
                errors.Add(root.PlaceOf(path), path, refusal);
            }
        }

        if (areSound)
        {
            CheckTogether(root, limits, errors);
        }
    }

    private static string? Refusal(ConfigurationNode one, string key)
    {
        if (key.Equals(nameof(KestrelServerLimits.Http3), StringComparison.OrdinalIgnoreCase))
        {
            return "HTTP/3 is not served, so its limits would have no effect; take 'Http3' away.";
        }

        try
        {
            Bind(one);
            return null;
        }
        catch (Exception e) when (e.GetBaseException() is ArgumentException or FormatException or InvalidOperationException)
        {
            return $"'{key}' is refused by the HTTP server: {e.GetBaseException().Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>The server looks at this only when it starts, and ends with a stack trace.</summary>
    private static void CheckTogether(ConfigurationNode root, ConfigurationNode members, ConfigurationErrors errors)
    {
        var limits = Bind(members);
        var needed = Math.Max(limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize);
        if (limits.MaxRequestBufferSize < needed)
        {
            var path = Limits.Then(nameof(limits.MaxRequestBufferSize));
            errors.Add(root.PlaceOf(path), path, string.Create(
                CultureInfo.InvariantCulture,
                $"'MaxRequestBufferSize' is {limits.MaxRequestBufferSize}; it must be {needed} or more, to hold the longest request line ({limits.MaxRequestLineSize}) and all headers ({limits.MaxRequestHeadersTotalSize})."));
        }
    }

    private static KestrelServerLimits Bind(ConfigurationNode members)
    {
        var limits = new KestrelServerLimits();
        KestrelLimits.Bind(new ConfigurationBuilder().AddInMemoryCollection(TreeBinder.Flatten(members)).Build(), limits);
        return limits;
    }
}
