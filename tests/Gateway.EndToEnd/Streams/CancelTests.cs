using BlazeGateway.Benchmarks.Cancel;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Streams;

/// <summary>
/// A client that leaves is seen by the model server, every time and soon. The figures to publish are taken by <c>cancel --trials 500</c> on a quiet machine;
/// here the machine may be busy, so the quicker half of the trials is held against a generous bound, which polling or a timer could not meet.
/// </summary>
public sealed class CancelTests
{
    private const int Trials = 40;
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(250);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_server_sees_that_the_client_left_at_every_moment(bool isHttp2)
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { IsHttp2 = isHttp2, Unpaced = true });
        await using var gateway = await GatewayFixture.StartAsync(CancelTrials.Routes(server.Address, isHttp2));
        using var trials = new CancelTrials(gateway.Host.Listeners.ProxyAddresses[0], server, isHttp2, TimeProvider.System);
        foreach (var moment in Enum.GetValues<CancelMoment>())
        {
            var result = await trials.RunAsync(moment, Trials, TestContext.Current.CancellationToken);

            Assert.True(result.Missed == 0, $"{moment}: {result.Missed} of {Trials} were not seen.");
            Assert.InRange(result.Percentile(0.5), TimeSpan.Zero, Bound);
        }

        Assert.Equal(4 * Trials, server.Stats.Cancelled);
        await RestAsync(gateway);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upload_that_is_given_up_never_reaches_a_model_server(bool isHttp2)
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var gateway = await GatewayFixture.StartAsync(CancelTrials.Routes(server.Address, isHttp2: false));
        using var connection = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        var budget = gateway.Host.Services.GetRequiredService<BodyBudget>();
        var address = new Uri(gateway.Host.Listeners.ProxyAddresses[0], "/v1/chat/completions");
        for (var i = 0; i < Trials; i++)
        {
            using CancelClient client = isHttp2 ? new Http2CancelClient(connection) : new Http1CancelClient();
            await client.SendAsync(address, new byte[4000], 2000, TestContext.Current.CancellationToken);
            await UntilAsync(() => budget.Reserved == 4000);
            client.Leave();
            await UntilAsync(() => budget.Reserved == 0);
        }

        await RestAsync(gateway);
        Assert.Equal(0, server.Stats.Read);
    }

    private static async Task RestAsync(GatewayFixture gateway)
    {
        var pool = gateway.Host.Services.GetRequiredService<RequestContextPool>();
        var sweep = gateway.Host.Services.GetRequiredService<DeadlineSweep>();
        await UntilAsync(() => pool.InFlight == 0);
        Assert.Equal(pool.Idle, sweep.Count);
        var metrics = await gateway.Admin.GetStringAsync("/metrics");
        Assert.DoesNotMatch("blaze_destination_requests_in_flight{[^}]*} [^0]", metrics);
        Assert.Contains("blaze_buffered_body_bytes 0\n", metrics, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        // Looks are counted, not seconds: a machine that stands still for a while misses none.
        for (var look = 0; !condition(); look++)
        {
            Assert.True(look < 20_000, "the condition did not come true in 20,000 looks");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }
}
