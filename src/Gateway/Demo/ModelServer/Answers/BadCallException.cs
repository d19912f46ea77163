namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>A request body that asks for something impossible; becomes a 400 in the caller's dialect.</summary>
internal sealed class BadCallException(string field, string message) : Exception(message)
{
    /// <summary>The field that is wrong.</summary>
    public string Field { get; } = field;
}
