using BlazeGateway.Configuration;
using BlazeGateway.Hosting.Handover;
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

    /// <summary>Sockets that whoever started the process opened for it. Default: none.</summary>
    public IReadOnlyList<HandedSocket> Handed { get; init; } = [];

    /// <summary>How long the server may take to close what a drain has left, or requests in flight when the host is stopped without one. Default: 30 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
