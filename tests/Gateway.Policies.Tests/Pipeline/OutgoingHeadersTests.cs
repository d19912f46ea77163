using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Pipeline;

public sealed class OutgoingHeadersTests
{
    [Fact]
    public void To_take_headers_away_allocates_nothing()
    {
        const int Rounds = 100;
        var context = new AnswerRoom(Dialect.OpenAi, isStream: false).Context;
        context.IsInference = false;
        var least = long.MaxValue;
        for (var round = 0; round < 4; round++)
        {
            var requests = Enumerable.Range(0, Rounds).Select(_ => Request()).ToArray();
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var request in requests)
            {
                OutgoingHeaders.Clean(request, context);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.All(requests, request => Assert.Empty(request.Headers.NonValidated));
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void What_was_found_before_a_header_that_is_refused_is_not_taken_from_the_next_request()
    {
        var context = new AnswerRoom(Dialect.OpenAi, isStream: false).Context;
        using var refused = Request();
        refused.Headers.TryAddWithoutValidation("X-Any", "\u00e9");
        Assert.Equal(GatewayError.InvalidHeader, OutgoingHeaders.Clean(refused, context));
        using var next = new HttpRequestMessage(HttpMethod.Post, "http://gateway/");
        next.Headers.TryAddWithoutValidation("Accept", "*/*");
        Assert.Null(OutgoingHeaders.Clean(next, context));
        Assert.Single(next.Headers.NonValidated);
        Assert.Empty(context.RemovedHeaders);
    }

    private static HttpRequestMessage Request()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "http://gateway/");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer secret");
        request.Headers.TryAddWithoutValidation("X-Real-IP", "1.2.3.4");
        return request;
    }
}
