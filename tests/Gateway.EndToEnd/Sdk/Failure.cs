using System.ClientModel;
using Anthropic.Exceptions;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>What a library raised.</summary>
/// <param name="Type">The exception's type.</param>
/// <param name="Status">Status code, 0 when the exception has none.</param>
/// <param name="Message">Its message.</param>
/// <param name="Body">The answer's body as the exception holds it.</param>
/// <param name="RetryAfter">Retry-After as the exception holds it.</param>
internal sealed record Failure(string Type, int Status, string Message, string? Body, string? RetryAfter)
{
    /// <summary>Makes a call that must fail.</summary>
    public static async Task<Failure> OfAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (ClientResultException raised)
        {
            var answer = raised.GetRawResponse()!;
            answer.Headers.TryGetValue("Retry-After", out var wait);
            return new Failure(raised.GetType().Name, raised.Status, raised.Message, answer.Content.ToString(), wait);
        }
        catch (AnthropicApiException raised)
        {
            return new Failure(raised.GetType().Name, (int)raised.StatusCode, raised.Message, raised.ResponseBody, null);
        }
        catch (Exception raised) when (raised is HttpRequestException or IOException or AnthropicException)
        {
            return new Failure(raised.GetType().Name, 0, raised.Message, null, null);
        }

        throw new InvalidOperationException("The library raised nothing: to its user the answer was complete.");
    }
}
