using BlazeGateway.Configuration;
using BlazeGateway.Observability;

namespace BlazeGateway.Hosting;

/// <summary>What a <see cref="GatewayHost"/> is built from.</summary>
internal sealed record GatewayHostOptions
{
    /// <summary>Where the configuration comes from.</summary>
    public required ConfigurationSources Sources { get; init; }

    /// <summary>Clock. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Loggers; disposed with the host. Default: null, made from the configuration.</summary>
    public GatewayLogging? Logging { get; init; }

    /// <summary>How long requests in flight may take after a stop was asked for. Default: 30 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
