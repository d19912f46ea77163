using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>
/// Raw HTTP/1.1 against a gateway in front of a destination that parses what arrives on its own: what is accepted arrives exactly once and
/// well-formed, what is refused never does, and no byte of one request is taken for another.
/// </summary>
public sealed class Http1WireTests(WireGateway wire) : IClassFixture<WireGateway>
{
    private static readonly Dictionary<string, WireCase> Cases =
        new[] { FramingCases.All, HeadCases.All, TargetCases.All, ForwardingCases.All }.SelectMany(all => all).ToDictionary(one => one.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names() => [.. Cases.Keys];

    [Fact]
    public void There_are_enough_cases() => Assert.InRange(Cases.Count, 81, 1000);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_payload_meets_its_rule(string name)
    {
        var one = Cases[name];
        wire.Destination.Take();
        using var connection = await RawConnection.OpenAsync(wire.Address);
        await connection.TrySendAsync(Encoding.Latin1.GetBytes(one.Payload));
        if (one.Finishes)
        {
            connection.Finish();
        }

        RawAnswer? answer = null;
        foreach (var status in one.Statuses)
        {
            answer = await connection.ReadAnswerAsync(one.IsHead);
            Assert.True(answer is not null || one.OrSilence, $"closed in place of {status}");
            Assert.True(answer is null || status == answer.Status, $"{answer?.Status} in place of {status}: {Encoding.UTF8.GetString(answer?.Body ?? [])}");
        }

        if (one.Closes)
        {
            Assert.Equal("", await connection.ReadToEndAsync());
        }
        else
        {
            await connection.SendAsync(WireCase.Get("/plain/after"));
            Assert.Equal(200, (await connection.ReadAnswerAsync())?.Status);
        }

        if (answer is not null)
        {
            Assert.Equal(one.Code, answer.Header("X-Blaze-Error"));
        }

        var seen = wire.Destination.Take();
        var forwarded = seen.Where(request => request.IsWhole && request.Target != "/plain/after").ToList();
        Assert.True(one.Forwarded == forwarded.Count, $"{forwarded.Count} forwarded in place of {one.Forwarded}:\n{string.Join('\n', seen)}");
        Assert.True(seen.All(request => request.IsWhole || request.Target == WireCase.Streaming), string.Join('\n', seen));
        one.Answers?.Invoke(answer!);
        one.Forwards?.Invoke(forwarded[0]);
    }
}
