namespace BlazeGateway.Tests.Architecture;

/// <summary>Shows every breach in full; an equality assertion would cut the list.</summary>
internal static class Breaches
{
    public static void AssertNone(IEnumerable<string> breaches)
    {
        var found = breaches.ToList();
        Assert.True(found.Count == 0, $"{found.Count} breach(es):\n" + string.Join('\n', found));
    }
}
