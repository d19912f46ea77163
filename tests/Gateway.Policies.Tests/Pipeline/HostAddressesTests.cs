using System.Net;
using System.Net.Sockets;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.Tests.Destinations;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Host names that come and go. The names are resolved by the test, the connections are real.</summary>
public sealed class HostAddressesTests
{
    private static readonly IPAddress A = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress B = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private Func<Task<IPAddress[]>> _resolve = () => Task.FromResult<IPAddress[]>([A]);

    private HostAddresses Addresses() => new(_time, (_, _) => _resolve());

    [Fact]
    public async Task A_name_that_vanishes_keeps_the_last_addresses_it_had()
    {
        var addresses = Addresses();
        Assert.Equal([A], await addresses.OfAsync("gpu-1", default));
        _resolve = () => Task.FromResult<IPAddress[]>([B, A]);
        Assert.Equal([B, A], await addresses.OfAsync("GPU-1", default));
        foreach (var error in (SocketError[])[SocketError.HostNotFound, SocketError.TryAgain, SocketError.NoData, SocketError.NoRecovery])
        {
            _resolve = () => Task.FromException<IPAddress[]>(new SocketException((int)error));
            Assert.Equal([B, A], await addresses.OfAsync("gpu-1", default));
        }

        _resolve = () => Task.FromResult<IPAddress[]>([]);
        Assert.Equal([B, A], await addresses.OfAsync("gpu-1", default));
        _resolve = () => Task.FromResult<IPAddress[]>([A]);
        Assert.Equal([A], await addresses.OfAsync("gpu-1", default));
    }

    [Fact]
    public async Task A_name_that_never_had_an_address_has_none()
    {
        _resolve = () => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.TryAgain));
        Assert.Equal(SocketError.TryAgain, (await Assert.ThrowsAsync<SocketException>(() => Addresses().OfAsync("gpu-1", default).AsTask())).SocketErrorCode);
        _resolve = () => Task.FromResult<IPAddress[]>([]);
        Assert.Equal(SocketError.HostNotFound, (await Assert.ThrowsAsync<SocketException>(() => Addresses().OfAsync("gpu-1", default).AsTask())).SocketErrorCode);
    }

    [Fact]
    public async Task An_address_is_not_resolved()
    {
        _resolve = () => throw new InvalidOperationException();
        Assert.Equal([B], await Addresses().OfAsync("192.0.2.2", default));
        Assert.Equal([IPAddress.IPv6Loopback], await Addresses().OfAsync("::1", default));
    }

    [Fact]
    public async Task A_resolver_that_does_not_answer_is_waited_for_a_second_when_addresses_are_known()
    {
        var addresses = Addresses();
        await addresses.OfAsync("gpu-1", default);
        _resolve = () => new TaskCompletionSource<IPAddress[]>().Task;
        var finding = addresses.OfAsync("gpu-1", default).AsTask();
        _time.Advance(HostAddresses.Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(finding.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([A], await finding);
        using var left = new CancellationTokenSource();
        var first = addresses.OfAsync("gpu-2", left.Token).AsTask();
        var second = addresses.OfAsync("gpu-1", left.Token).AsTask();
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public async Task The_next_address_is_tried_when_one_does_not_answer()
    {
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        _resolve = () => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.IPv6Loopback, IPAddress.Loopback]);
        var sockets = new DestinationSockets(10, addresses: Addresses());
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = sockets.ConnectAsync });
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(server.Address) { Host = "gpu-1", Path = "/v1/models" }.Uri);
        using var answer = await client.SendAsync(request, CancellationToken.None);
        Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, sockets.Open));
    }

    [Fact]
    public async Task When_all_names_of_a_cluster_vanish_it_is_served_as_before()
    {
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        _resolve = () => Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        var sockets = new DestinationSockets(10, addresses: Addresses());
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = sockets.ConnectAsync, PooledConnectionLifetime = TimeSpan.Zero });
        var address = new UriBuilder(server.Address) { Host = "gpu-1", Path = "/v1/models" }.Uri;
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using var answer = await client.SendAsync(request, CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            _resolve = () => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));
        }

        // One that was never known is told as what it is.
        using var unknown = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(address) { Host = "gpu-2" }.Uri);
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(unknown, CancellationToken.None));
        Assert.Equal(ProbeFindingKind.Unresolved, AskFailure.Of(error).Kind);
    }

    [Fact]
    public void Names_that_were_never_known_leave_every_destination_to_be_tried()
    {
        using var cluster = new Health.TestCluster(Health.TestCluster.ModelServers, "a", "b", "c");
        foreach (var id in (string[])["a", "b", "c"])
        {
            cluster.Probe(id, ProbeFindingKind.Alive);
        }

        for (var i = 0; i < 5; i++)
        {
            Array.ForEach(["a", "b", "c"], id => cluster.Probe(id, ProbeFindingKind.Unresolved));
            Array.ForEach(["a", "b", "c"], id => cluster.Attempt(id, BlazeGateway.Policies.Health.AttemptOutcome.ConnectFailed));
            Assert.NotEmpty(cluster.Candidates);
            cluster.Advance(3);
        }
    }
}
