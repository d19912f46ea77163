using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using BlazeGateway.Api;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Hosting.Draining;
using BlazeGateway.Hosting.Supervision;
using BlazeGateway.Observability;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Profiling;
using BlazeGateway.Profiling.Collection;
using Microsoft.AspNetCore.Connections;
using Prometheus;
using Serilog;
using Serilog.Extensions.Logging;

namespace BlazeGateway.Hosting;

/// <summary>The gateway as a process runs it: two listeners, the proxy behind one, the admin plane behind the other.</summary>
internal sealed partial class GatewayHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GatewayLogging _logging;

    private GatewayHost(WebApplication app, GatewayLogging logging, Listeners listeners)
    {
        _app = app;
        _logging = logging;
        Listeners = listeners;
    }

    /// <summary>The listeners; their ports are known once the host has started.</summary>
    public Listeners Listeners { get; }

    /// <summary>Everything registered.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Builds the host from a configuration and loads its routes.</summary>
    /// <exception cref="InvalidConfigurationException">The configuration breaks a rule; each is named.</exception>
    /// <exception cref="FormatException">A listen address is not understood.</exception>
    /// <exception cref="InvalidOperationException">A certificate cannot be used.</exception>
    /// <exception cref="TooFewFilesException">The process may open too few files.</exception>
    /// <exception cref="CannotBindException">Sockets were handed over that contradict the addresses.</exception>
    public static async Task<GatewayHost> CreateAsync(GatewayHostOptions options)
    {
        // Read once when the first socket is made; a user who types one command gets it too. Measured at 1.4 times the requests per second.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

        // A bare LF ends a line for Kestrel unless told otherwise; for what stands before or behind us it may not.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", isEnabled: true);
        var loaded = ConfigurationLoader.Load(options.Sources);
        var process = loaded.ReadProcessOptions();
        var configuration = loaded.ToConfiguration();
        var logging = options.Logging ?? CreateLogging(loaded, configuration, options.Sources);
        var limits = new MachineLimitsReader().Read();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = options.Sources.Environment });
        builder.Configuration.AddConfiguration(configuration);
        builder.Logging.AddSerilog(logging.Root);
        GatewayLogging.AddFilters(builder.Logging, configuration);

        // Its logger being on at any level makes ASP.NET Core start a trace for every request, whether anyone listens or not.
        builder.Logging.AddFilter<SerilogLoggerProvider>("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            .AddFilter<SerilogLoggerProvider>("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        var connections = ConnectionBudget.Derive(
            configuration.GetValue<long?>("Kestrel:Limits:MaxConcurrentConnections"), limits.OpenFiles, process.Admin.MaxConnections);
        using var bridge = new SerilogLoggerFactory(logging.Root);
        var log = bridge.CreateLogger<GatewayHost>();
        if (configuration.GetValue<long?>("Kestrel:Limits:MaxConcurrentConnections") is { } wished && wished > connections.Clients)
        {
            Log.Lowered(log, wished, connections.Clients, limits.OpenFiles);
        }

        var listeners = new Listeners(process, options.Handed, connections.Clients, options.Time, log);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => KestrelSetup.Apply(kestrel, configuration, connections.Clients, listeners));
        builder.WebHost.UseSockets(sockets => KestrelSetup.Apply(sockets, configuration));
        AddServices(builder.Services, options, process, logging, listeners, connections.Destinations);
        LifecycleServices.Add(builder.Services, process, listeners);
        var app = builder.Build();
        var provider = app.Services.GetRequiredService<GuardedConfigProvider>();

        // Before the first: the files may have changed since the options of the process were read.
        var tokens = app.Services.GetRequiredService<AdminTokens>();
        provider.OnApplied(changed => tokens.Replace(changed.Admin.Tokens));
        await provider.LoadAsync(loaded);
        var registry = app.Services.GetRequiredService<CollectorRegistry>();
        ConnectionMetrics.Register(registry, listeners);
        app.Services.GetRequiredService<Watchdog>().Register(registry);
        if (RuntimeFloor.Fault(RuntimeInformation.FrameworkDescription) is { } fault)
        {
            Log.OldRuntime(log, fault);
        }

        KestrelSetup.Branch(app);
        return new GatewayHost(app, logging, listeners);
    }

    /// <summary>Starts listening.</summary>
    /// <exception cref="CannotBindException">An address is taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfTaken(null);
        try
        {
            await _app.StartAsync(cancellationToken);
            Services.GetRequiredService<Watchdog>().Start();
            Services.GetRequiredService<Supervisor>().Ready();
        }
        catch (Exception exception) when (exception is IOException { InnerException: AddressInUseException } or System.Net.Sockets.SocketException)
        {
            ThrowIfTaken(exception);
            throw new CannotBindException($"An address cannot be listened on: {exception.Message} Choose others with --urls and --admin-url.", exception);
        }
    }

    /// <summary>Ends when the process is told to stop and requests in flight have ended or run out of time.</summary>
    /// <param name="cancellationToken">Tells it to stop, as a signal does.</param>
    public async Task WaitForShutdownAsync(CancellationToken cancellationToken)
    {
        var drain = Services.GetRequiredService<Drain>();

        // What stopped it before it served has nobody to wait for.
        var stopsAtOnce = cancellationToken.IsCancellationRequested;
        await using var told = cancellationToken.UnsafeRegister(_ => drain.Begin(stopsAtOnce), null);
        var stopped = _app.WaitForShutdownAsync(CancellationToken.None);
        await Task.WhenAny(drain.Ended, stopped);
        _app.Lifetime.StopApplication();
        await stopped;
    }

    /// <summary>Stops listening and waits for requests in flight.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _logging.Dispose();
    }

    private static GatewayLogging CreateLogging(LoadedConfiguration loaded, IConfiguration configuration, ConfigurationSources sources)
    {
        try
        {
            return GatewayLogging.Create(configuration, sources.IsEnvironmentNamed ? sources.Environment : null, Console.IsErrorRedirected);
        }
        catch (Exception exception)
        {
            new LoggingCheck(loaded.Root, loaded.Errors).Refused(exception);
            throw new InvalidConfigurationException(loaded.Errors.All);
        }
    }

    private void ThrowIfTaken(Exception? cause)
    {
        if (Listeners.Obstacles() is { } obstacles)
        {
            throw new CannotBindException(obstacles, cause);
        }
    }

    private static void AddServices(
        IServiceCollection services, GatewayHostOptions options, ProcessOptions process, GatewayLogging logging, Listeners listeners, int destinationConnections)
    {
        services.AddSingleton(options.Time);
        services.AddSingleton(provider => GatewayRegistry.Create(provider.GetRequiredService<ProcessSnapshotReader>()));
        services.AddSingleton(listeners);
        services.AddSingleton(provider => new RunTally(
            new AccessLog(process.Telemetry.AccessLog, logging.CreateAccessWriter(options.Time), provider.GetRequiredService<CollectorRegistry>()), options.Time));
        services.AddSingleton<IAccessLog>(static provider => provider.GetRequiredService<RunTally>());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        services.AddRequestTimeouts();
        services.AddCors();
        services.AddRouting();
        services.AddGatewayConfiguration(options.Sources);
        services.AddReverseProxy().AddGatewayPolicies(policies =>
        {
            policies.Clients = process.Clients;
            policies.MaxPartitions = process.RateLimiting.MaxPartitions;
            policies.MaxBufferedBytes = process.BufferedBodies.MaxBytesInFlight;
            policies.MaxDestinationConnections = destinationConnections;
            policies.MaxModelLabels = process.Telemetry.Prometheus.MaxModels;
            policies.DecisionsKept = process.Telemetry.Decisions.Keep;
            policies.MaxLabelSets = process.Telemetry.Prometheus.MaxLabelSets;
        });
        services.AddSingleton(AdminPortsOf);
        services.AddAdminApi(process.Admin);
        services.AddGatewayProfiling();
        services.AddTelemetryExport(process.Telemetry.Otlp, context => context.Features.Get<AdminListener>() is null);
    }

    private static AdminPorts AdminPortsOf(IServiceProvider services)
    {
        var provider = services.GetRequiredService<GuardedConfigProvider>();
        var catalog = services.GetRequiredService<ModelCatalog>();
        var availability = services.GetRequiredService<AvailabilityRegistry>();
        var lifetime = services.GetRequiredService<IHostApplicationLifetime>();
        var drain = services.GetRequiredService<Drain>();
        var watchdog = services.GetRequiredService<Watchdog>();
        var listeners = services.GetRequiredService<Listeners>();
        var sources = services.GetRequiredService<ConfigurationSources>();
        ConfigurationReport Report(ConfigurationStatus status) => new(status.Version > 0, status.LastReloadSucceeded)
        {
            Sources = sources.InMemoryRoutes is { } text ? [text.Name] : [sources.Show(sources.Files.Routes!)],
            Version = status.Version,
            AppliedAt = status.LastSuccess,
            NeedsRestart = status.NeedsRestart,
            Errors = [.. status.Errors.Select(error => error.ToString())],
        };

        return new AdminPorts
        {
            Configuration = () => Report(provider.Status),
            Reload = async cancellationToken =>
            {
                var result = await provider.ReloadNowAsync(cancellationToken);
                return new ReloadReport(Report(result.Status), result.Outcome, result.Changes);
            },
            EffectiveConfiguration = () => JsonNode.Parse(provider.Effective()),
            IsDraining = () => drain.Phase != DrainPhase.Serving || lifetime.ApplicationStopping.IsCancellationRequested,
            StuckBecause = () => watchdog.Cause,
            Listeners = () => [.. listeners.ProxyAddresses.Select(address => address.ToString()), listeners.AdminAddress.ToString()],
            Destinations = cluster =>
            [
                .. availability.Describe(cluster, catalog.NextProbe)
                    .Select(report => cluster.Destinations.TryGetValue(report.Destination, out var state) ? report.With(catalog.StatusOf(state)) : report),
            ],
            Adaptive = cluster => availability.MemoryOf(cluster)?.Learned.Find<AdaptiveMemory>() is { } memory
                ? AdaptiveReport.Of(memory, (cluster.DestinationsState.AvailableDestinations as CandidateSet)?.Loads, availability.Clock)
                : null,
            Queue = services.GetRequiredService<Admissions>().Describe,
            Decisions = services.GetRequiredService<DecisionRecorder>(),
            SetDraining = availability.SetDraining,
            Isolate = availability.Isolate,
            Reset = availability.Reset,
            Models = cluster => catalog.Current.Cluster(cluster)?.Served.Names ?? (IReadOnlyCollection<string>)[],
        };
    }

    private static partial class Log
    {
        [LoggerMessage(
            Level = LogLevel.Warning,
            Message = "Kestrel:Limits:MaxConcurrentConnections is {Wished}, but with {OpenFiles} open files no more than {Allowed} are safe. Raise the limit of open files (ulimit -n) to have them.")]
        public static partial void Lowered(Microsoft.Extensions.Logging.ILogger logger, long wished, int allowed, long? openFiles);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Fault}.")]
        public static partial void OldRuntime(Microsoft.Extensions.Logging.ILogger logger, string fault);
    }
}
