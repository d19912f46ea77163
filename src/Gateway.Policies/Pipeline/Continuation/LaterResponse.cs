using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>
/// In the place of the response's status and headers, which the client has, while another destination continues its body: the forwarder answers once more as if
/// nothing had been answered, and what it says but for the body reaches nobody.
/// </summary>
/// <param name="own">The server's.</param>
internal sealed class LaterResponse(IHttpResponseFeature own) : IHttpResponseFeature
{
    /// <summary>The server's.</summary>
    public IHttpResponseFeature Own { get; } = own;

    /// <inheritdoc />
    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    /// <inheritdoc />
    public string? ReasonPhrase { get; set; }

    /// <inheritdoc />
    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    /// <inheritdoc />
    [Obsolete("Use IHttpResponseBodyFeature.Stream.")]
    public Stream Body
    {
        get => Own.Body;
        set => Own.Body = value;
    }

    /// <summary>Whether the attempt at hand has passed anything on.</summary>
    public bool HasStarted { get; set; }

    /// <inheritdoc />
    public void OnStarting(Func<object, Task> callback, object state)
    {
        // The response has started.
    }

    /// <inheritdoc />
    public void OnCompleted(Func<object, Task> callback, object state) => Own.OnCompleted(callback, state);
}
