using System.Net;
using System.Net.Sockets;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.Tests.Demo.ModelServer;

public sealed class FaultTests
{
    [Theory]
    [InlineData("rst=head", true, 0)]
    [InlineData("rst=after:2", true, 2)]
    [InlineData("fin=head", false, 0)]
    [InlineData("fin=after:2", false, 2)]
    [InlineData("fin=mid:3", false, 2)]
    [InlineData("rst=mid:1", true, 0)]
    public async Task ACutComesWhereThePlanSays(string plan, bool isReset, int wholeFrames)
    {
        await using var server = await ModelServerFixture.StartAsync();
        server.Host.SetFault(plan);

        var (text, wasReset) = await server.RawAsync(ModelServerFixture.Chat("Hello"));

        Assert.Equal(isReset, wasReset);
        Assert.Equal(wholeFrames, text.Split("}\n\n").Length - 1);
        Assert.Equal(wholeFrames + (plan.Contains("mid", StringComparison.Ordinal) ? 1 : 0), text.Split("data: ").Length - 1);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n\r\n", text, StringComparison.Ordinal);
        Assert.Equal(1, server.Host.Stats.Faulted);
    }

    [Fact]
    public async Task ACutInsideADocumentLeavesItShorterThanAnnounced()
    {
        await using var server = await ModelServerFixture.StartAsync();
        server.Host.SetFault("fin=bytes:40");

        var (text, _) = await server.RawAsync(ModelServerFixture.Chat("Hello", stream: false));

        Assert.Equal(40, text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Length);
    }

    [Fact]
    public async Task AnEndWithoutDoneIsAProperEndOfTheBody()
    {
        await using var server = await ModelServerFixture.StartAsync();
        server.Host.SetFault("end=after:2");

        var text = await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello"));

        Assert.Equal(2, text.Split("data: ").Length - 1);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnErrorCanBeTheFirstEventOfA200()
    {
        await using var server = await ModelServerFixture.StartAsync();
        server.Host.SetFault("error=head");

        using var answer = await server.Client.PostAsync("/v1/chat/completions", new StringContent(ModelServerFixture.Chat("Hello")));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.StartsWith("data: {\"error\":{", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStatusCarriesRetryAfterAndStopsByCount()
    {
        await using var server = await ModelServerFixture.StartAsync();
        Assert.Contains("1", await server.PostAsync("/__sim/fault", "status=429;retry-after=5;count=1"), StringComparison.Ordinal);

        using var first = await server.Client.PostAsync("/v1/chat/completions", new StringContent(ModelServerFixture.Chat("Hello")));
        using var second = await server.Client.PostAsync("/v1/chat/completions", new StringContent(ModelServerFixture.Chat("Hello")));

        Assert.Equal((HttpStatusCode)429, first.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), first.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
    }

    [Fact]
    public async Task ADripSendsTheSameBytes()
    {
        await using var server = await ModelServerFixture.StartAsync();
        var whole = await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello"));
        server.Host.SetFault("drip=7/1ms");

        Assert.Equal(whole, await server.PostAsync("/v1/chat/completions", ModelServerFixture.Chat("Hello")));
    }

    [Fact]
    public async Task AHangLastsUntilTheClientLeaves()
    {
        await using var server = await ModelServerFixture.StartAsync();
        server.Host.SetFault("hang=after:1");
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", server.Host.Address.Port);
        await socket.SendAsync(ModelServerFixture.Post("/v1/chat/completions", ModelServerFixture.Chat("Hello")));
        Assert.True(await socket.ReceiveAsync(new byte[4096]) > 0);
        Assert.Equal(1, server.Host.Stats.InFlight);

        // A client library that drains what it left unread would close two seconds later, or when it finds the time.
        socket.Close();

        await Eventually.TrueAsync(
            () => server.Host.Stats is { InFlight: 0, Cancelled: 1 },
            () => (server.Host.Stats.InFlight, server.Host.Stats.Cancelled, server.Host.Stats.Completed));
        Assert.Single(server.Host.Stats.Cancellations);
    }

    [Fact]
    public async Task RefusingClosesThePortAndOpensItAgain()
    {
        await using var server = await ModelServerFixture.StartAsync();
        Assert.NotEmpty(await server.Client.GetStringAsync("/v1/models"));
        server.Host.SetFault("refuse");

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetStringAsync("/v1/models"));
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(refused.InnerException).SocketErrorCode);

        server.Host.SetFault("");
        Assert.NotEmpty(await server.Client.GetStringAsync("/v1/models"));
    }

    [Theory]
    [InlineData("health=fail", "vllm", HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK)]
    [InlineData("loading=1m", "llamacpp", HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable)]
    [InlineData("", "llamacpp", HttpStatusCode.OK, HttpStatusCode.OK)]
    public async Task HealthCanFailWhileItServes(string plan, string kind, HttpStatusCode health, HttpStatusCode chat)
    {
        await using var server = await ModelServerFixture.StartAsync(new ModelServerHostOptions { Kind = kind, Unpaced = true });
        server.Host.SetFault(plan);

        using var checkedHealth = await server.Client.GetAsync("/health");
        using var served = await server.Client.PostAsync("/v1/chat/completions", new StringContent(ModelServerFixture.Chat("Hello")));

        Assert.Equal((health, chat), (checkedHealth.StatusCode, served.StatusCode));
    }

    [Fact]
    public async Task ABadPlanIsRefusedAndTheOldOneStays()
    {
        await using var server = await ModelServerFixture.StartAsync();
        server.Host.SetFault("status=500");

        using var answer = await server.Client.PostAsync("/__sim/fault", new StringContent("explode"));
        using var served = await server.Client.GetAsync("/v1/models");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("is not a fault", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.InternalServerError, served.StatusCode);
    }
}
