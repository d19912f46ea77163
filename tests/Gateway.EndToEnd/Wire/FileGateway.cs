using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>A gateway in the test's process that reads both its files from a directory, as one that was installed does.</summary>
internal sealed class FileGateway : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory;

    private FileGateway(TemporaryDirectory directory, GatewayHost host)
    {
        _directory = directory;
        Host = host;
    }

    public GatewayHost Host { get; }

    public Uri Proxy => Host.Listeners.ProxyAddresses[0];

    public Uri Admin => Host.Listeners.AdminAddress;

    /// <summary>Starts it with these texts as appsettings.json and routes.json.</summary>
    public static async Task<FileGateway> StartAsync(string settings, string routes, TimeProvider? time = null, TimeSpan? shutdown = null, string urls = "http://127.0.0.1:0")
    {
        var directory = new TemporaryDirectory();
        directory.Write("appsettings.json", settings);
        directory.Write("routes.json", routes);
        var host = await GatewayHost.CreateAsync(new GatewayHostOptions
        {
            Sources = new ConfigurationSources
            {
                Files = ConfigurationFiles.Find("routes.json", directory.Path, directory.Path),
                WorkingDirectory = directory.Path,
                CommandLine =
                [
                    KeyValuePair.Create("Proxy:Urls", urls),
                    KeyValuePair.Create("Admin:Url", "http://127.0.0.1:0"),
                    KeyValuePair.Create("Telemetry:AccessLog:Enabled", "false"),
                ],
            },
            Time = time ?? TimeProvider.System,
            ShutdownTimeout = shutdown ?? TimeSpan.FromSeconds(5),
        });
        await host.StartAsync();
        return new FileGateway(directory, host);
    }

    /// <summary>Starts it in front of one destination with these limits of the server.</summary>
    public static Task<FileGateway> LimitedAsync(string limits, Uri destination) =>
        StartAsync($$"""{ "Kestrel": { "Limits": {{limits}} } }""", WireGateway.Routes(destination));

    /// <summary>Replaces routes.json and has it read.</summary>
    public async Task ReloadAsync(string routes)
    {
        _directory.Write("routes.json", routes);
        var provider = Host.Services.GetRequiredService<GuardedConfigProvider>();
        await provider.ReloadNowAsync(CancellationToken.None);
        Assert.True(provider.Status.LastReloadSucceeded, string.Join('\n', provider.Status.Errors));
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        await Host.DisposeAsync();
        _directory.Dispose();
    }
}
