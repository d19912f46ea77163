using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Sets each of <c>Kestrel:Limits</c> on limits of its own, because Kestrel keeps the rules for the values to itself.</summary>
internal static class KestrelCheck
{
    private static readonly KeyPath Limits = KeyPath.Of("Kestrel", "Limits");

    public static void Check(ConfigurationNode root, ConfigurationErrors errors)
    {
        foreach (var member in root.Find(Limits)?.Members ?? [])
        {
            var path = Limits.Then(member.Key);
            var one = new ConfigurationNode(NodeKind.Object, null, default);
            one.Members.Add(member);
            try
            {
                KestrelLimits.Bind(new ConfigurationBuilder().AddInMemoryCollection(TreeBinder.Flatten(one)).Build(), new KestrelServerLimits());
            }
            catch (Exception e) when (e.GetBaseException() is ArgumentException or FormatException or InvalidOperationException)
            {
                errors.Add(root.PlaceOf(path), path, $"'{member.Key}' is refused by the HTTP server: {e.GetBaseException().Message.ReplaceLineEndings(" ")}");
            }
        }
    }
}
