using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// In the place of the server's own reset once an answer broke off: YARP would reset or abort at once, and bytes the client was to get would be lost.
/// The pipeline ends the answer instead, with <see cref="AnswerCutException"/>.
/// </summary>
internal sealed class DeferredReset : IHttpResetFeature
{
    /// <summary>The one there is; it holds nothing.</summary>
    public static readonly DeferredReset Instance = new();

    private DeferredReset()
    {
    }

    /// <inheritdoc />
    public void Reset(int errorCode)
    {
    }
}
