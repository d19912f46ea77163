namespace BlazeGateway.Policies.Destinations;

/// <summary>Where the destinations of one cluster tell that one of them has more room. Costs one read while nobody listens.</summary>
internal sealed class RoomSignal
{
    private Action? _listener;

    /// <summary>Who is told, on the thread of whoever made the room; short, and does not throw. One at most.</summary>
    public void Listen(Action listener) => Volatile.Write(ref _listener, listener);

    /// <summary>There is more room, or may be.</summary>
    public void Freed() => Volatile.Read(ref _listener)?.Invoke();
}
