using System.Diagnostics.CodeAnalysis;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// One set of connections to a cluster's destinations. Requests hold it while they run; a retired generation is disposed
/// when the last of them lets go, so a swap cuts no stream and leaves no socket behind.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The last hold to be released disposes the invoker.")]
internal sealed class ConnectionGeneration(HttpMessageHandler handler)
{
    private readonly HttpMessageInvoker _invoker = new(handler, disposeHandler: true);

    // The owner's own hold counts as one; zero means disposed.
    private int _holds = 1;

    /// <summary>Sends through this generation. Valid while held.</summary>
    public HttpMessageInvoker Invoker => _invoker;

    /// <summary>Whether the handler is disposed: retired and let go by every request.</summary>
    public bool IsDisposed => Volatile.Read(ref _holds) == 0;

    /// <summary>Takes a hold; false when the generation is already disposed and the caller must take the current one.</summary>
    public bool TryHold()
    {
        var holds = Volatile.Read(ref _holds);
        while (holds != 0)
        {
            var seen = Interlocked.CompareExchange(ref _holds, holds + 1, holds);
            if (seen == holds)
            {
                return true;
            }

            holds = seen;
        }

        return false;
    }

    /// <summary>Lets go; called once per successful <see cref="TryHold"/>, and once by the owner to retire.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holds) == 0)
        {
            _invoker.Dispose();
        }
    }
}
