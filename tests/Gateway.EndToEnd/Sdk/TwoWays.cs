using System.Runtime.CompilerServices;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>One model server, reached directly and through a gateway in front of it: a client must not be able to tell which way it took.</summary>
internal sealed class TwoWays : IAsyncDisposable
{
    private TwoWays(ModelServerHost server, GatewayFixture gateway)
    {
        Server = server;
        Gateway = gateway;
    }

    public ModelServerHost Server { get; }

    public GatewayFixture Gateway { get; }

    public Uri Direct => Server.Address;

    public Uri Through => Gateway.Proxy.BaseAddress!;

    /// <summary>Starts both, and waits until the gateway knows which models the server has.</summary>
    /// <param name="options">The server. Default: every dialect, at once.</param>
    /// <param name="route">The route's Extensions.</param>
    public static async Task<TwoWays> StartAsync(ModelServerHostOptions? options = null, string route = "{}")
    {
        options ??= new ModelServerHostOptions { Kind = ModelServerKinds.Generic, Unpaced = true };
        var server = await ModelServerHost.StartAsync(options);
        var cluster = $$"""{ "ModelServer": { "Kind": "{{options.Kind}}" } }""";
        var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address], route, cluster));
        await AnsweringAsync(gateway);
        return new TwoWays(server, gateway);
    }

    /// <summary>Waits until the gateway knows that every destination answers, which a slow machine may take more than one question for.</summary>
    public static Task AnsweringAsync(GatewayFixture gateway)
    {
        var catalog = gateway.Host.Services.GetRequiredService<ModelCatalog>();
        return UntilAsync(() => catalog.Current.Clusters.All(cluster => cluster.Destinations.All(destination => destination.IsServing)));
    }

    /// <summary>A server that never comes to the end of an answer by itself.</summary>
    public static Task<TwoWays> StartEndlessAsync() =>
        StartAsync(new ModelServerHostOptions { Kind = ModelServerKinds.Generic, AnswerTokens = 60_000 });

    /// <summary>Makes a call both ways and returns what it came to, which must be the same.</summary>
    public async Task<T> SameAsync<T>(Func<Uri, Task<T>> call)
    {
        var direct = await call(Direct);
        var through = await call(Through);
        Assert.Equal(direct, through);
        return direct;
    }

    /// <summary>Waits until nothing is under way on the server any more.</summary>
    public Task IdleAsync() => UntilAsync(() => Server.Stats.InFlight == 0);

    /// <summary>Waits for what another process or thread does.</summary>
    public static async Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        // Looks are counted, not seconds: a machine that stands still for a while misses none.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var look = 0; !condition(); look++)
        {
            Assert.True(look < 12_000, $"It did not come true in 12,000 looks: {what}");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Server.DisposeAsync();
    }
}

/// <summary>One <see cref="TwoWays"/> for all tests of a class that change nothing in it.</summary>
public sealed class SharedWays : IAsyncLifetime
{
    internal TwoWays Ways { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Ways = await TwoWays.StartAsync();

    public ValueTask DisposeAsync() => Ways.DisposeAsync();
}
