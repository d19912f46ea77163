namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>A way to write requests down, one a line. One object reads one trace.</summary>
internal interface ITraceFormat
{
    /// <summary>Whether the first line is a heading that holds no request.</summary>
    bool HasHeading { get; }

    /// <summary>Reads one line; null for one that holds no request to a model.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong with it.</exception>
    TraceRequest? Read(string line);
}
