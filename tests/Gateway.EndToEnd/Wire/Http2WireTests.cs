namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Raw HTTP/2 frames: what is accepted arrives exactly once and well-formed, what is refused never does, and the process goes on.</summary>
public sealed class Http2WireTests(WireGateway wire) : IClassFixture<WireGateway>
{
    private static readonly Dictionary<string, Http2Case> Cases = Http2Cases.All.ToDictionary(one => one.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names() => [.. Cases.Keys];

    [Fact]
    public void There_are_enough_cases() => Assert.InRange(Cases.Count, 24, 1000);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Frames_meet_their_rule(string name)
    {
        var one = Cases[name];
        wire.Destination.Take();
        using var client = await Http2Client.OpenAsync(wire.Address);
        await client.SendAsync(one.Frames.SelectMany(frame => frame).ToArray());

        var outcome = await client.OutcomeAsync(1);
        Assert.Contains(outcome, one.Outcome.Split('|'), StringComparer.Ordinal);
        if (!outcome.StartsWith("GOAWAY", StringComparison.Ordinal))
        {
            await client.GetAsync(3, Http2Client.Request(path: "/plain/after"));
            Assert.Equal("200", await client.OutcomeAsync(3));
        }

        var seen = wire.Destination.Take();
        var forwarded = seen.Where(request => request.IsWhole && request.Target != "/plain/after").ToList();
        Assert.True((one.Forwards is null ? 0 : 1) == forwarded.Count, string.Join('\n', seen));
        one.Forwards?.Invoke(forwarded[0]);
    }
}
