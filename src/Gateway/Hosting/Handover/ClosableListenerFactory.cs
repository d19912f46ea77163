using System.Net;
using Microsoft.AspNetCore.Connections;

namespace BlazeGateway.Hosting.Handover;

/// <summary>
/// A transport whose listeners can be closed one by one while the server runs: Kestrel itself closes all at once, and the operators' has to outlast the clients'.
/// </summary>
/// <param name="inner">The transport.</param>
/// <param name="bound">Told of each listener; what it returns is served.</param>
internal sealed class ClosableListenerFactory(IConnectionListenerFactory inner, Func<IConnectionListener, IConnectionListener> bound) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <inheritdoc />
    public bool CanBind(EndPoint endpoint) => inner is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    /// <inheritdoc />
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        return bound(await inner.BindAsync(endpoint, cancellationToken));
    }
}
