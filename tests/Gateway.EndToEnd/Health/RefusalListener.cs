using System.Diagnostics.Tracing;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>Hears from the runtime when a connection is refused, wherever in the process.</summary>
internal sealed class RefusalListener : EventListener
{
    private long _last;

    /// <summary>Time since the last one.</summary>
    public TimeSpan SinceLast() => TimeProvider.System.GetElapsedTime(Volatile.Read(ref _last));

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.Sockets")
        {
            EnableEvents(eventSource, EventLevel.Error);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == "ConnectFailed")
        {
            Volatile.Write(ref _last, TimeProvider.System.GetTimestamp());
        }
    }
}
