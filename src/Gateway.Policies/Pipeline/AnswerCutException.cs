namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Ends an answer that broke off. The server sends what was written and then closes (HTTP/1.1) or resets (HTTP/2) without the end of the body, so that
/// no client takes it for whole. Aborting instead would throw away what is still on its way.
/// </summary>
/// <param name="cause">Why it broke off; null where that is known already.</param>
internal sealed class AnswerCutException(Exception? cause) : IOException("The destination's answer broke off.", cause);
