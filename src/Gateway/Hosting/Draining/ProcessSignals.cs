using System.Runtime.InteropServices;
using BlazeGateway.Hosting.Supervision;

namespace BlazeGateway.Hosting.Draining;

/// <summary>
/// Turns signals into a <see cref="Drain"/>: the first SIGTERM, SIGQUIT or SIGINT begins it, the second waits for nothing more. SIGINT is a person at a terminal
/// and no load balancer's doing, so that nobody has to be told before.
/// </summary>
internal sealed class ProcessSignals(Drain drain, Supervisor supervisor) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _received;

    /// <inheritdoc />
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGQUIT, PosixSignal.SIGINT })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Receive));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public void Dispose() => _registrations.ForEach(static registration => registration.Dispose());

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _received) > 1)
        {
            drain.Hurry();
        }
        else
        {
            supervisor.Stopping();
            drain.Begin(atOnce: context.Signal == PosixSignal.SIGINT);
        }
    }
}
